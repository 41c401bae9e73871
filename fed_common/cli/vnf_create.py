"""``mcfed vnf create``."""

from __future__ import annotations

import argparse
from typing import Any

from fed_common.cli.columns import single
from fed_common.cli.command import GatewayShow
from fed_common.cli.values import pair
from fed_common.cli.vim_options import given
from fed_common.cli.vnf import without_vnfd
from fed_common.cli.vnfd import DescribedByFile, warn


class Create(DescribedByFile, GatewayShow):
    """Have a VNF made; 'vnf show' tells when it is ACTIVE."""

    example = (
        "mcfed vnf create firewall --vim core_RegionOne --vnfd firewall.yaml --input image=cirros\n"
        "  mcfed vnf create database --vim core_RegionOne --vnfd database.yaml --adopt VDU1=8f1c2b7e,10.0.0.4"
    )

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """What it is made of."""
        parser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--vim", required=True, metavar="VIM_ID", dest="vim_id")
        parser.add_argument("--vnfd", required=True, metavar="FILE", dest="file", help="'-': on stdin")
        parser.add_argument("--description")
        parser.add_argument("--tenant", metavar="ID", dest="tenant_id")
        parser.add_argument(
            "--adopt",
            action="append",
            type=adopted,
            default=[],
            metavar="VDU=INSTANCE,ADDRESS",
            help="watch this instance, do not boot one; repeatable",
        )
        return parser

    def take_action(self, args: argparse.Namespace) -> Any:
        """Ask and show."""
        adopt: dict[str, list[dict[str, str]]] = {}
        for vdu, instance in args.adopt:
            adopt.setdefault(vdu, []).append(instance)
        fields = given(
            name=args.name,
            vim_id=args.vim_id,
            description=args.description,
            tenant_id=args.tenant_id,
            adopt=adopt or None,
        )
        vnf = self.gateway.post("vnfs", body={**fields, **self.described(args)})
        warn(self, vnf)
        return single(without_vnfd(vnf))


def adopted(text: str) -> tuple[str, dict[str, str]]:
    """``VDU=INSTANCE,ADDRESS``; the instance may be left empty."""
    vdu, both = pair(text)
    instance, comma, address = both.rpartition(",")
    if not comma or not address:
        raise argparse.ArgumentTypeError(f"{text!r} is not VDU=INSTANCE,ADDRESS")
    return vdu, {"instance_id": instance, "address": address}

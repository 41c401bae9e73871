"""Accounts, catalogue and content of the cloud that openstack.sh runs. What is there already stays.

usage: boot.py accounts OPENRC PLACEMENT_URL GLANCE_URL NEUTRON_URL NOVA_URL | boot.py content OPENRC
Run by the system's Python, with Debian's openstacksdk.
"""

import io
import re
import sys
from pathlib import Path

import openstack

SERVICES = ("placement", "image", "network", "compute")
TENANTS = {"tenant-a": "user-a", "tenant-b": "user-b"}
FLAVORS = (("f.tiny", 64, 1, 1), ("f.small", 128, 1, 2), ("f.large", 256, 2, 4))
IMAGES = ("img-one", "img-two")
AGGREGATES = (
    ("agg-good", "zone-good", ("fedcmp-1", "fedcmp-2")),
    ("agg-fail", "zone-fail", ("fedcmp-fail",)),
)


def connect(openrc):
    rc = dict(re.findall(r"OS_(\w+)=(\S+)", Path(openrc).read_text()))
    return openstack.connect(
        auth_url=rc["AUTH_URL"],
        username=rc["USERNAME"],
        password=rc["PASSWORD"],
        project_name=rc["PROJECT_NAME"],
        user_domain_name=rc["USER_DOMAIN_NAME"],
        project_domain_name=rc["PROJECT_DOMAIN_NAME"],
        region_name=rc["REGION_NAME"],
        load_yaml_config=False,
        load_envvars=False,
    ), rc["PASSWORD"]


def accounts(cloud, password, *urls, strict=True):
    """Users of the services and of two tenants, and the catalogue."""
    identity = cloud.identity
    domain = identity.get_domain("default").id

    def project(name):
        return identity.find_project(name) or identity.create_project(name=name, domain_id=domain)

    def user(name):
        return identity.find_user(name) or identity.create_user(name=name, password=password, domain_id=domain)

    def role(name):
        return identity.find_role(name) or identity.create_role(name=name)

    def grant(project_name, user_name, role_name):
        identity.assign_project_role_to_user(project(project_name), user(user_name), role(role_name))

    for name in ("placement", "glance", "neutron", "nova"):
        grant("service", name, "admin")
        grant("service", name, "service")
    for tenant, member in TENANTS.items():
        grant(tenant, member, "member")
        grant(tenant, "admin", "admin")
        grant(tenant, "watcher", "reader")

    known = {service.type: service for service in identity.services()}
    for kind, name, url in zip(SERVICES, ("placement", "glance", "neutron", "nova"), urls, strict=True):
        service = known.get(kind) or identity.create_service(type=kind, name=name)
        have = {e.interface for e in identity.endpoints(service_id=service.id)}
        for interface in {"public", "internal", "admin"} - have:
            identity.create_endpoint(service_id=service.id, interface=interface, url=url, region_id="RegionOne")


def content(cloud, _password):
    """Flavors, images, a network, availability zones and quotas to work with."""
    things_to_boot(cloud)
    places_to_boot(cloud)
    for project in cloud.identity.projects():
        if project.name in ("admin", *TENANTS):
            cloud.set_compute_quotas(project.id, instances=500, cores=2000, ram=2000000)


def things_to_boot(cloud):
    """Flavors, images and a network."""
    for name, ram, vcpus, disk in FLAVORS:
        if not cloud.compute.find_flavor(name):
            cloud.compute.create_flavor(name=name, id=name, ram=ram, vcpus=vcpus, disk=disk)
    for name in IMAGES:
        if not cloud.image.find_image(name):
            cloud.image.create_image(
                name=name,
                container_format="bare",
                disk_format="raw",
                visibility="public",
                data=io.BytesIO(name.encode() * 64),
                wait=True,
            )
    network = cloud.network.find_network("fednet") or cloud.network.create_network(name="fednet", shared=True)
    if not cloud.network.find_subnet("fedsub"):
        cloud.network.create_subnet(
            name="fedsub",
            network_id=network.id,
            ip_version=4,
            cidr="10.77.0.0/24",
            enable_dhcp=False,
        )


def places_to_boot(cloud):
    """Availability zones with their hosts."""
    have = {aggregate.name: aggregate for aggregate in cloud.compute.aggregates()}
    for name, zone, hosts in AGGREGATES:
        aggregate = have.get(name) or cloud.compute.create_aggregate(name=name, availability_zone=zone)
        for host in hosts:
            if host not in (aggregate.hosts or ()):
                cloud.compute.add_host_to_aggregate(aggregate, host)


if __name__ == "__main__":
    what, openrc, *rest = sys.argv[1:]
    {"accounts": accounts, "content": content}[what](*connect(openrc), *rest)

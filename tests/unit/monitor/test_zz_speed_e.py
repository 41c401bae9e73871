import time, uuid, pytest
from datetime import timedelta
from fed_common.core import clock
from fed_common.inventory.models import Vim
from fed_common.monitor.models import *
pytestmark = pytest.mark.django_db
def test_speed(reader):
    vims=[Vim(cloud_owner="t",region=f"r{i}",full_id=f"t_r{i}",name=f"r{i}",type="openstack") for i in range(10000)]
    Vim.objects.bulk_create(vims)
    ws=[Workflow(vim=v,name=f"vim_id_{v.uuid}",task_name="x") for v in vims]
    Workflow.objects.bulk_create(ws)
    Target.objects.bulk_create([Target(workflow=w,action_id=w.action_id,subject=w.vim.uuid,shard=w.vim.uuid.int%256,kind="ping",address="127.0.0.1") for w in ws])
    Shard.objects.bulk_create([Shard(number=i,owner="x",expires_at=clock.now()+timedelta(seconds=100)) for i in range(256)])
    for q in ("executions?limit=100&sort_dirs=desc", f"executions?workflow_name={ws[5].name}", f"workflows", f"executions/{ws[7].execution_id}"):
        b=time.time(); reader.get("//openstack/"+q); print(q, time.time()-b)

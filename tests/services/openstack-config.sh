# shellcheck shell=bash disable=SC2154
# The configuration files of openstack.sh, which sources this: settings that it reads are there.

_db() { echo "mysql+pymysql://openstack:openstack@$IP:$DBPORT/$1?charset=utf8"; }

_auth() {   # USER: how a service logs in
  cat <<CONF
auth_type = password
auth_url = $AUTH
project_name = service
project_domain_name = Default
user_domain_name = Default
username = $1
password = $PASSWORD
region_name = RegionOne
CONF
}

_common() {   # SERVICE: checking of tokens, sending of notifications
  if [ "$1" != keystone ]; then
    printf '[keystone_authtoken]\nwww_authenticate_uri = %s\n' "$AUTH"
    _auth "$1"
  fi
  cat <<CONF
[oslo_concurrency]
lock_path = $O/lock
[oslo_messaging_notifications]
driver = messagingv2
[oslo_messaging_rabbit]
heartbeat_in_pthread = false
CONF
}

_keystone() {
  cat <<CONF
[DEFAULT]
transport_url = $RABBIT
notification_format = basic
[database]
connection = $(_db keystone)
max_pool_size = 10
[identity]
# the fewest: every log-in pays for them
password_hash_rounds = 4
[token]
provider = fernet
expiration = 86400
[fernet_tokens]
key_repository = $O/keystone/fernet
[credential]
key_repository = $O/keystone/credential
$(_common keystone)
CONF
}

_placement() {
  cat <<CONF
[placement_database]
connection = $(_db placement)
[api]
auth_strategy = keystone
[keystone_authtoken]
www_authenticate_uri = $AUTH
$(_auth placement)
CONF
}

_glance() {
  cat <<CONF
[DEFAULT]
bind_host = $IP
bind_port = $GPORT
workers = 1
transport_url = $RABBIT
enabled_import_methods = [glance-direct]
node_staging_uri = file://$O/images/staging
[database]
connection = $(_db glance)
[glance_store]
stores = file,http
default_store = file
filesystem_store_datadir = $O/images/store
[paste_deploy]
flavor = keystone
config_file = /etc/glance/glance-api-paste.ini
$(_common glance)
CONF
}

_neutron() {
  cat <<CONF
[DEFAULT]
bind_host = $IP
bind_port = $NPORT
core_plugin = ml2
service_plugins =
auth_strategy = keystone
transport_url = $RABBIT
state_path = $O/neutron
api_workers = 1
rpc_workers = 1
rpc_state_report_workers = 0
api_paste_config = /etc/neutron/api-paste.ini
notify_nova_on_port_status_changes = true
notify_nova_on_port_data_changes = true
dhcp_agent_notification = false
[database]
connection = $(_db neutron)
[ml2]
type_drivers = local,flat,vlan,vxlan
tenant_network_types = vxlan
mechanism_drivers = anyport
extension_drivers = port_security
[ml2_type_vxlan]
vni_ranges = 1:1000
[nova]
$(_auth nova)
$(_common neutron)
CONF
}

_nova() {
  cat <<CONF
[DEFAULT]
my_ip = $IP
host = fedctl
state_path = $O/nova
transport_url = $RABBIT
enabled_apis = osapi_compute
osapi_compute_listen = $IP
osapi_compute_listen_port = $CPORT
osapi_compute_workers = 1
# a deleted server is a soft-deleted one for this long
reclaim_instance_interval = ${RECLAIM_INSTANCE_INTERVAL:-600}
# 0: a shelved server is offloaded at once, -1: never
shelved_offload_time = ${SHELVED_OFFLOAD_TIME:-0}
sync_power_state_interval = ${SYNC_POWER_STATE_INTERVAL:-60}
# a host that has not reported for this long is down
service_down_time = 20
report_interval = 5
allow_resize_to_same_host = true
resize_confirm_window = 0
instance_usage_audit = true
instance_usage_audit_period = hour
[api]
auth_strategy = keystone
[api_database]
connection = $(_db nova_api)
[database]
connection = $(_db nova)
[conductor]
workers = 1
[scheduler]
workers = 1
discover_hosts_in_cells_interval = 30
[glance]
api_servers = http://$IP:$GPORT
[neutron]
$(_auth neutron)
[placement]
$(_auth placement)
[cinder]
os_region_name = RegionOne
[vnc]
enabled = false
[wsgi]
api_paste_config = /etc/nova/api-paste.ini
[oslo_policy]
policy_dirs = /etc/nova/policy.d
[notifications]
notify_on_state_change = vm_and_task_state
notification_format = ${NOTIFICATION_FORMAT:-both}
versioned_notifications_topics = versioned_notifications
bdms_in_notifications = true
default_level = INFO
$(_common nova)
CONF
}

_compute() {   # NAME DRIVER
  printf '[DEFAULT]\nhost = fedcmp-%s\ncompute_driver = fake.%s\nstate_path = %s\n' "$1" "$2" "$O/nova-$1"
}

_openrc() {
  cat <<RC
export OS_AUTH_URL=$AUTH/v3 OS_IDENTITY_API_VERSION=3 OS_USERNAME=admin OS_PASSWORD=$PASSWORD OS_PROJECT_NAME=admin
export OS_USER_DOMAIN_NAME=Default OS_PROJECT_DOMAIN_NAME=Default OS_REGION_NAME=RegionOne OS_COMPUTE_API_VERSION=2.92
unset OS_TOKEN OS_CLOUD
RC
}

config() {
  mkdir -p "$O"/{etc,lock,nova,nova-1,nova-2,nova-fail,neutron,images/store,images/staging,done} \
    "$O"/keystone/{fernet,credential} "$O/etc/placement" "$PLUGIN/anyport-1.dist-info"
  local service
  for service in keystone glance neutron nova; do "_$service" >"$O/etc/$service.conf"; done
  _placement >"$O/etc/placement/placement.conf"
  _compute 1 FakeLiveMigrateDriver >"$O/etc/compute-1.conf"
  _compute 2 FakeLiveMigrateDriver >"$O/etc/compute-2.conf"
  _compute fail FakeBuildAbortDriver >"$O/etc/compute-fail.conf"
  _openrc >"$OPENRC"
  # Neutron finds its drivers by entry point, so this one needs the look of an installed package
  cp "$SERVICES/openstack/anyport.py" "$PLUGIN/"
  printf 'Metadata-Version: 2.1\nName: anyport\nVersion: 1\n' >"$PLUGIN/anyport-1.dist-info/METADATA"
  printf '[neutron.ml2.mechanism_drivers]\nanyport = anyport:AnyPortDriver\n' \
    >"$PLUGIN/anyport-1.dist-info/entry_points.txt"
}

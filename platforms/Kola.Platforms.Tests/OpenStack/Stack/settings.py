"""What OpenStack's services are told: their files, as sections of keys. All is in one place, so that what is not usual can be seen."""

API = "198.18.76.2"
PASSWORD = "kola"
KEYSTONE = f"http://{API}:5000/v3"
HOST = "kola-openstack"

# Networks of the data center: an interface of this namespace, whose other end is the host's. The first address is the host's own.
NETWORKS = {"machines": "198.18.77", "outside": "198.18.78"}

ENDPOINTS = {
    ("keystone", "identity"): KEYSTONE,
    ("placement", "placement"): f"http://{API}:8778",
    ("glance", "image"): f"http://{API}:9292",
    ("nova", "compute"): f"http://{API}:8774/v2.1",
    ("neutron", "network"): f"http://{API}:9696",
}

# MiB, processors, GiB. Nobody but an administrator may start a machine without a disk of its own, and a whole system does not fit on the second.
FLAVORS = {"kola.zero": (512, 1, 0), "kola.tiny": (512, 1, 1), "kola.small": (1024, 1, 20), "kola.medium": (2048, 2, 20), "kola.large": (4096, 2, 40)}


def database(name):
    return {"connection": f"mysql+pymysql://openstack:{PASSWORD}@127.0.0.1/{name}?charset=utf8", "max_pool_size": 5}


LOGIN = {
    "auth_url": KEYSTONE,
    "auth_type": "password",
    "project_domain_id": "default",
    "user_domain_id": "default",
    "project_name": "service",
    "username": "openstack",
    "password": PASSWORD,
    "region_name": "RegionOne",
}
TOKENS = LOGIN | {"www_authenticate_uri": KEYSTONE, "memcached_servers": "127.0.0.1:11211", "service_token_roles_required": "true"}
QUEUE = f"rabbit://guest:guest@127.0.0.1:5672/"
PATCHBAY = {"physical_interface_mappings": ",".join(f"{n}:{n}" for n in NETWORKS)}

FILES = {
    "keystone/keystone.conf": {
        "database": database("keystone"),
        "token": {"provider": "fernet"},
    },
    "placement/placement.conf": {
        "placement_database": database("placement"),
        "api": {"auth_strategy": "keystone"},
        "keystone_authtoken": TOKENS,
    },
    "glance/glance-api.conf": {
        "DEFAULT": {"workers": 1, "bind_host": "0.0.0.0", "enabled_backends": "disk:file"},
        "database": database("glance"),
        "glance_store": {"default_backend": "disk"},
        "disk": {"filesystem_store_datadir": "/var/lib/glance/images"},
        "os_glance_tasks_store": {"filesystem_store_datadir": "/var/lib/glance/tasks"},
        "os_glance_staging_store": {"filesystem_store_datadir": "/var/lib/glance/staging"},
        "keystone_authtoken": TOKENS,
        "paste_deploy": {"flavor": "keystone"},
    },
    "nova/nova.conf": {
        "DEFAULT": {
            "host": HOST,
            "my_ip": API,
            "transport_url": QUEUE,
            "enabled_apis": "osapi_compute,metadata",
            "osapi_compute_workers": 1,
            "metadata_workers": 1,
            "compute_driver": "libvirt.LibvirtDriver",
            # Images stay as they are brought, and machines begin with what is written to them.
            "force_raw_images": "false",
            "reserved_host_memory_mb": 0,
            "reserved_host_disk_mb": 0,
            "cpu_allocation_ratio": 16,
            "ram_allocation_ratio": 2,
            "disk_allocation_ratio": 8,
            "state_path": "/var/lib/nova",
        },
        "api": {"auth_strategy": "keystone"},
        "api_database": database("nova_api"),
        "database": database("nova"),
        "conductor": {"workers": 1},
        "scheduler": {"workers": 1, "discover_hosts_in_cells_interval": 5},
        "keystone_authtoken": TOKENS,
        "service_user": LOGIN | {"send_service_user_token": "true"},
        "placement": LOGIN,
        "glance": {"api_servers": f"http://{API}:9292"},
        "neutron": LOGIN | {"service_metadata_proxy": "true", "metadata_proxy_shared_secret": PASSWORD},
        "vnc": {"enabled": "false"},
        "oslo_concurrency": {"lock_path": "/var/lock/nova"},
        # Emulated: a host of this kind is anywhere. Nobody's data is on it.
        "libvirt": {"virt_type": "qemu", "connection_uri": "qemu:///system", "disk_cachemodes": "file=unsafe", "inject_partition": -2},
    },
    "nova/nova-compute.conf": {},
    "neutron/neutron.conf": {
        "DEFAULT": {
            "host": HOST,
            "core_plugin": "ml2",
            "service_plugins": "router",
            "transport_url": QUEUE,
            "auth_strategy": "keystone",
            "api_workers": 1,
            "rpc_workers": 1,
            "notify_nova_on_port_status_changes": "true",
            "notify_nova_on_port_data_changes": "true",
            "state_path": "/var/lib/neutron",
        },
        "database": database("neutron"),
        "keystone_authtoken": TOKENS,
        "nova": LOGIN,
        "oslo_concurrency": {"lock_path": "/var/lock/neutron"},
        "agent": {"root_helper": "sudo neutron-rootwrap /etc/neutron/rootwrap.conf"},
        "experimental": {"linuxbridge": "true"},
    },
    "neutron/plugins/ml2/ml2_conf.ini": {
        "ml2": {"type_drivers": "flat,local", "tenant_network_types": "local", "mechanism_drivers": "linuxbridge", "extension_drivers": "port_security"},
        "ml2_type_flat": {"flat_networks": ",".join(NETWORKS)},
    },
    "neutron/plugins/ml2/linuxbridge_agent.ini": {
        "linux_bridge": PATCHBAY,
        "vxlan": {"enable_vxlan": "false"},
        "securitygroup": {"enable_security_group": "true", "firewall_driver": "iptables", "enable_ipset": "false"},
    },
    "neutron/dhcp_agent.ini": {
        "DEFAULT": {"interface_driver": "linuxbridge", "enable_isolated_metadata": "true", "force_metadata": "true"},
    },
    "neutron/l3_agent.ini": {"DEFAULT": {"interface_driver": "linuxbridge"}},
    "neutron/metadata_agent.ini": {
        "DEFAULT": {"nova_metadata_host": "127.0.0.1", "metadata_proxy_shared_secret": PASSWORD, "metadata_workers": 1},
    },
}

LINES = {
    "libvirt/qemu.conf": """user="root"
group="root"
dynamic_ownership=0
remember_owner=0
security_driver="none"
cgroup_controllers=[]
namespaces=[]
stdio_handler="logd"
""",
    "libvirt/libvirtd.conf": 'auth_unix_rw="none"\nauth_unix_ro="none"\n',
    "hosts": f"127.0.0.1 localhost {HOST}\n",
    "hostname": f"{HOST}\n",
}

"""A whole OpenStack in one place: run in a system with its packages, in namespaces of its own, by scripts/openstack.

  stack.py prepare   writes the services' files and makes their databases
  stack.py serve     starts all of it, makes networks and flavors, and says $SAY when a machine can be started; ends when one of them ends

A project "kola" has a user "kola", who is nobody special.
"""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

import settings
from settings import API, KEYSTONE, PASSWORD

LOGS = "/var/log/openstack"
LIMIT = 600
daemons = {}


def say(text):
    print(f"openstack: {text}", file=sys.stderr, flush=True)


def run(*command, **named):
    with open(f"{LOGS}/{os.path.basename(command[0])}.txt", "ab") as log:
        subprocess.run(command, check=True, stdout=log, stderr=log, stdin=subprocess.DEVNULL, **named)


def start(name, *command, **environment):
    with open(f"{LOGS}/{name}.txt", "ab") as log:
        daemons[name] = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, env=os.environ | environment)


def check():
    for name, process in daemons.items():
        if process.poll() is not None:
            raise SystemExit(f"openstack: {name} ended: see its log")


def until(what, holds):
    began = time.monotonic()
    while True:
        check()
        try:
            found = holds()
            if found:
                say(f"{what} after {time.monotonic() - began:.0f} s")
                return found
        except (OSError, urllib.error.URLError):
            pass
        if time.monotonic() - began > LIMIT:
            raise SystemExit(f"openstack: {what}: not within {LIMIT} s")
        time.sleep(0.5)


def ask(method, url, body=None, token=None):
    """An answer's body and headers."""
    request = urllib.request.Request(url, method=method, data=None if body is None else json.dumps(body).encode(), headers={"Content-Type": "application/json"})
    if token:
        request.add_header("X-Auth-Token", token)
    try:
        with urllib.request.urlopen(request, timeout=100) as answer:
            return json.loads(answer.read() or b"{}"), answer.headers
    except urllib.error.HTTPError as refused:
        raise SystemExit(f"openstack: {method} {url} {body}: {refused.code} {refused.read().decode(errors='replace')}") from None


def answers(url):
    def holds():
        try:
            urllib.request.urlopen(url, timeout=20).close()
            return True
        except urllib.error.HTTPError as refused:
            return refused.code in (300, 401)
    return holds


def log_in(user, project):
    who = {"name": user, "domain": {"id": "default"}, "password": PASSWORD}
    where = {"project": {"name": project, "domain": {"id": "default"}}}
    _, headers = ask("POST", f"{KEYSTONE}/auth/tokens", {"auth": {"identity": {"methods": ["password"], "password": {"user": who}}, "scope": where}})
    return headers["X-Subject-Token"]


# Parts of it.
def start_database():
    os.makedirs("/run/mysqld", exist_ok=True)
    subprocess.run(["chown", "mysql:", "/run/mysqld"], check=True)
    # It may be lost at any time: nothing is waited for.
    start("mariadb", "mariadbd", "--user=mysql", "--bind-address=127.0.0.1", "--innodb-buffer-pool-size=96M", "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0",
          "--performance-schema=OFF", "--max-connections=500", "--skip-log-bin")
    until("the database", lambda: subprocess.run(["mariadb-admin", "ping"], capture_output=True, check=False).returncode == 0)


def start_wsgi(name, script, port):
    start(name, "uwsgi_python3", "--http-socket", f"0.0.0.0:{port}", "--wsgi-file", script, "--master", "--processes", "1", "--threads", "8", "--enable-threads", "--die-on-term",
          "--buffer-size", "65535", "--lazy-apps", "--listen", "512", "--socket-timeout", "100",
          # It does not keep connections, and does not say so.
          "--add-header", "Connection: close")


def start_keystone():
    start_wsgi("keystone", "/usr/bin/keystone-wsgi-public", 5000)
    until("keystone", answers(f"{KEYSTONE}/"))


def write_files():
    for name, sections in settings.FILES.items():
        text = "".join(f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items()) for section, keys in sections.items())
        with open(f"/etc/{name}", "w", encoding="utf-8") as file:
            file.write(text)
    for name, text in settings.LINES.items():
        with open(f"/etc/{name}", "w", encoding="utf-8") as file:
            file.write(text)


def prepare():
    write_files()
    start_database()
    for name in ("keystone", "placement", "glance", "nova", "nova_api", "nova_cell0", "neutron"):
        subprocess.run(["mariadb", "-e", f"CREATE DATABASE {name}; GRANT ALL ON {name}.* TO openstack@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'"], check=True)
    say("making the databases")
    run("keystone-manage", "db_sync")
    for keys in ("fernet_setup", "credential_setup"):
        run("keystone-manage", keys, "--keystone-user", "root", "--keystone-group", "root")
    run("keystone-manage", "bootstrap", "--bootstrap-password", PASSWORD, "--bootstrap-region-id", "RegionOne", *(w for i in ("admin", "internal", "public") for w in (f"--bootstrap-{i}-url", KEYSTONE)))
    run("placement-manage", "db", "sync")
    run("glance-manage", "db_sync")
    run("nova-manage", "api_db", "sync")
    run("nova-manage", "cell_v2", "map_cell0", "--database_connection", settings.database("nova_cell0")["connection"])
    run("nova-manage", "db", "sync")
    run("nova-manage", "cell_v2", "create_cell", "--name", "cell1")
    run("neutron-db-manage", "--config-file", "/etc/neutron/neutron.conf", "--config-file", "/etc/neutron/plugins/ml2/ml2_conf.ini", "upgrade", "heads")
    start_keystone()
    fill_keystone()
    for process in reversed(daemons.values()):
        process.terminate()
        process.wait()


def fill_keystone():
    token = log_in("admin", "admin")
    roles = {r["name"]: r["id"] for r in ask("GET", f"{KEYSTONE}/roles", token=token)[0]["roles"]}
    roles["service"] = roles.get("service") or ask("POST", f"{KEYSTONE}/roles", {"role": {"name": "service"}}, token)[0]["role"]["id"]
    for project, user, granted in (("service", "openstack", ("admin", "service")), ("kola", "kola", ("member",))):
        project = ask("POST", f"{KEYSTONE}/projects", {"project": {"name": project, "domain_id": "default"}}, token)[0]["project"]["id"]
        user = ask("POST", f"{KEYSTONE}/users", {"user": {"name": user, "password": PASSWORD, "domain_id": "default"}}, token)[0]["user"]["id"]
        for role in granted:
            ask("PUT", f"{KEYSTONE}/projects/{project}/users/{user}/roles/{roles[role]}", token=token)
    for (name, kind), url in settings.ENDPOINTS.items():
        if name == "keystone":
            continue
        service = ask("POST", f"{KEYSTONE}/services", {"service": {"name": name, "type": kind}}, token)[0]["service"]["id"]
        for interface in ("public", "internal", "admin"):
            ask("POST", f"{KEYSTONE}/endpoints", {"endpoint": {"interface": interface, "url": url, "service_id": service, "region_id": "RegionOne"}}, token)


def start_hypervisor():
    for place in ("/run/libvirt", "/var/lock/nova", "/var/lock/neutron", "/var/lib/glance/staging", "/var/lib/glance/tasks", "/run/lock"):
        os.makedirs(place, exist_ok=True)
    start("virtlogd", "virtlogd")
    start("libvirtd", "libvirtd")
    until("libvirt", lambda: subprocess.run(["virsh", "-c", "qemu:///system", "version"], capture_output=True, check=False).returncode == 0)


def serve():
    start_database()
    start("memcached", "memcached", "-u", "memcache", "-l", "127.0.0.1", "-m", "16")
    start("rabbitmq", "rabbitmq-server", RABBITMQ_NODENAME="rabbit@localhost", HOME="/var/lib/rabbitmq", RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+S 1:1 +sbwt none")
    start_keystone()
    start_wsgi("placement", "/usr/bin/placement-api", 8778)
    start("glance", "glance-api")
    start_hypervisor()
    until("the queue", lambda: subprocess.run(["rabbitmqctl", "-n", "rabbit@localhost", "-q", "await_startup", "--timeout", "20"], capture_output=True, check=False).returncode == 0)
    neutron = ("--config-file", "/etc/neutron/neutron.conf", "--config-file", "/etc/neutron/plugins/ml2/ml2_conf.ini")
    bridges = neutron + ("--config-file", "/etc/neutron/plugins/ml2/linuxbridge_agent.ini")
    start("neutron-server", "neutron-server", *neutron)
    for part in ("api", "conductor", "scheduler", "compute"):
        start(f"nova-{part}", f"nova-{part}")
    until("placement", answers(f"http://{API}:8778/"))
    until("glance", answers(f"http://{API}:9292/"))
    until("neutron", answers(f"http://{API}:9696/"))
    start("neutron-linuxbridge", "neutron-linuxbridge-agent", *bridges)
    for part in ("dhcp", "l3", "metadata"):
        start(f"neutron-{part}", f"neutron-{part}-agent", *bridges, "--config-file", f"/etc/neutron/{part}_agent.ini")
    until("nova", answers(f"http://{API}:8774/"))
    furnish(log_in("admin", "admin"))
    print(os.environ["SAY"], flush=True)
    while True:
        time.sleep(1)
        check()


def furnish(token):
    nova, neutron = f"http://{API}:8774/v2.1", f"http://{API}:9696/v2.0"
    for name, (memory, cpus, disk) in settings.FLAVORS.items():
        ask("POST", f"{nova}/flavors", {"flavor": {"name": name, "ram": memory, "vcpus": cpus, "disk": disk}}, token)

    def network(name, subnet, **more):
        made = ask("POST", f"{neutron}/networks", {"network": {"name": name} | more}, token)[0]["network"]["id"]
        return made, ask("POST", f"{neutron}/subnets", {"subnet": {"network_id": made, "ip_version": 4} | subnet}, token)[0]["subnet"]["id"]

    def flat(name, **more):
        net = settings.NETWORKS[name]
        subnet = {"cidr": f"{net}.0/24", "gateway_ip": f"{net}.1", "allocation_pools": [{"start": f"{net}.10", "end": f"{net}.250"}]}
        return network(name, subnet | {"enable_dhcp": not more.get("router:external", False)}, **{"provider:network_type": "flat", "provider:physical_network": name} | more)

    flat("machines", shared=True)
    outside, _ = flat("outside", **{"router:external": True})
    _, inside = network("inside", {"cidr": "10.77.0.0/24"}, shared=True)
    router = ask("POST", f"{neutron}/routers", {"router": {"name": "way-out", "external_gateway_info": {"network_id": outside}}}, token)[0]["router"]["id"]
    ask("PUT", f"{neutron}/routers/{router}/add_router_interface", {"subnet_id": inside}, token)
    agents = f"{neutron}/agents"
    until("neutron's agents", lambda: sum(a["alive"] for a in ask("GET", agents, token=token)[0]["agents"]) >= 4)
    until("the compute host", lambda: [h for h in ask("GET", f"{nova}/os-hypervisors", token=token)[0]["hypervisors"] if h["state"] == "up"])


if __name__ == "__main__":
    {"prepare": prepare, "serve": serve}[sys.argv[1]]()

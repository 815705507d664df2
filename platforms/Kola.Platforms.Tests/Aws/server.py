"""moto's EC2 server as the tests of platform aws want it; started by scripts/moto.

What EC2 does and moto leaves out is put in: request tokens, tags of network interfaces and images, what a registered image is made of, snapshots that are
pending until they are whole and whose checksums are compared, groups that are in use. With --machines each instance is a machine under QEMU that boots what was
brought into its image's snapshot; instances are emulated unless /dev/kvm works and KOLA_MOTO_ACCEL=kvm says so.

Tests have a door of their own: POST /kola/end/INSTANCE/STATE/REASON ends an instance as EC2 would.
"""

import argparse
import base64
import hashlib
import os
import shutil
import signal
import sys
import tempfile

os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
os.environ.setdefault("MOTO_ENABLE_AMI_VALIDATION", "true")
os.environ.setdefault("MOTO_ENABLE_KEYPAIR_VALIDATION", "true")
os.environ.setdefault("MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION", "true")

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from flask import request  # noqa: E402
from moto.core.exceptions import JsonRESTError  # noqa: E402
from moto.ebs.models import EBSBackend  # noqa: E402
from moto.ec2 import utils  # noqa: E402
from moto.ec2.exceptions import EC2ClientError  # noqa: E402
from moto.ec2.models import EC2Backend, ec2_backends  # noqa: E402
from moto.ec2.models import elastic_network_interfaces  # noqa: E402
from moto.ec2.models.instances import InstanceState, StateReason  # noqa: E402
from moto.ec2.responses import amis as image_answers  # noqa: E402
from moto.ec2.responses.amis import AmisResponse  # noqa: E402
from moto.ec2.responses.general import General  # noqa: E402
from moto.ec2.responses.instances import InstanceResponse  # noqa: E402
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402

import machines  # noqa: E402

BLOCK = 512 << 10
place = tempfile.mkdtemp(prefix="kola-moto-")
hypervisor = None


def replace(owner, name):
    """The function that follows takes the place of another, which it is given first."""
    before = getattr(owner, name)

    def put(new):
        setattr(owner, name, lambda *given, **named: new(before, *given, **named))
        return new

    return put


# Instances: one for each request token, tags on their network interfaces, the image's snapshot as their disk.
utils.filter_dict_attribute_mapping["client-token"] = "client_token"
tokens = {}


@replace(InstanceResponse, "run_instances")
def run_instances(before, self):
    token = self._get_param("ClientToken")
    if token not in tokens:
        tokens[token] = before(self)
    return tokens[token]


@replace(EC2Backend, "run_instances")
def backend_run_instances(before, self, image_id, count, user_data, security_group_names, **rest):
    image = self.describe_images(ami_ids=[image_id])[0]
    for mapping in rest.get("block_device_mappings", []):
        if mapping["DeviceName"] == image.root_device_name:
            mapping["Ebs"]["SnapshotId"] = image.ebs_snapshot.id
            mapping["Ebs"]["VolumeSize"] = int(mapping["Ebs"].get("VolumeSize") or image.ebs_snapshot.volume.size)
    tags = rest.get("tags", {}).get("network-interface", {})
    reservation = before(self, image_id, count, user_data, security_group_names, **rest)
    for instance in reservation.instances:
        instance.client_token = request.form.get("ClientToken", "")
        for card in instance.nics.values():
            card.add_tags(tags)
        if hypervisor:
            hypervisor.start(self, instance, image)
    return reservation


@replace(EC2Backend, "terminate_instances")
def terminate_instances(before, self, instance_ids):
    ended = before(self, instance_ids)
    for instance, _ in ended if hypervisor else []:
        hypervisor.end(instance)
    return ended


@replace(EC2Backend, "stop_instances")
def stop_instances(before, self, instance_ids):
    for instance in self.get_multi_instances_by_id(instance_ids) if hypervisor else []:
        hypervisor.stop(instance)
    return before(self, instance_ids)


@replace(EC2Backend, "start_instances")
def start_instances(before, self, instance_ids):
    started = before(self, instance_ids)
    for instance, _ in started if hypervisor else []:
        hypervisor.start(self, instance, self.describe_images(ami_ids=[instance.image_id])[0])
    return started


@replace(EC2Backend, "reboot_instances")
def reboot_instances(before, self, instance_ids):
    for instance in self.get_multi_instances_by_id(instance_ids) if hypervisor else []:
        hypervisor.reset(instance)
    return before(self, instance_ids)


def end(instance, state, reason):
    """Ends an instance as EC2 or its own system would."""
    instance.ec2_backend.terminate_instances([instance.id])
    instance._state = InstanceState(state, 48)
    instance._state_reason = StateReason(f"{reason}: so it was asked for", reason)


@replace(General, "get_console_output")
def get_console_output(before, self):
    answer = before(self)
    text = hypervisor.console(self._get_param("InstanceId")) if hypervisor else None
    if text is None:
        return answer
    start, finish = answer.index("<output>") + len("<output>"), answer.index("</output>")
    return answer[:start] + base64.b64encode(text).decode() + answer[finish:]


@replace(EC2Backend, "delete_security_group")
def delete_security_group(before, self, name=None, group_id=None):
    if any(group_id in [g.id for g in card.group_set] for card in self.enis.values()):
        raise EC2ClientError("DependencyViolation", f"resource {group_id} has a dependent object")
    return before(self, name, group_id)


# Images: what they are registered with, on a snapshot that is whole.
image_answers.DESCRIBE_IMAGES_RESPONSE = (
    image_answers.DESCRIBE_IMAGES_RESPONSE.replace("<volumeSize>15</volumeSize>", "<volumeSize>{{ image.ebs_snapshot.volume.size }}</volumeSize>")
    .replace("<hypervisor>", "<bootMode>{{ image.boot_mode }}</bootMode><hypervisor>"))


@replace(AmisResponse, "register_image")
def register_image(_, self):
    backend, name = self.ec2_backend, self._get_param("Name")
    if any(image.name == name for image in backend.amis.values()):
        raise EC2ClientError("InvalidAMIName.Duplicate", f"AMI name {name} is already in use")
    disk = self._parse_block_device_mapping()[0]
    snapshot = backend.snapshots.get(disk["Ebs"]["SnapshotId"])
    if snapshot is None or snapshot.status != "completed":
        raise EC2ClientError("InvalidSnapshot.NotFound", f"Snapshot {disk['Ebs']['SnapshotId']} is not completed")
    image = backend.register_image(name, self._get_param("Description"))
    backend.snapshots.pop(image.ebs_snapshot.id)
    image.ebs_snapshot, snapshot.from_ami = snapshot, image.id
    image.architecture, image.boot_mode = self._get_param("Architecture"), self._get_param("BootMode")
    image.root_device_name, image.root_device_type, image.virtualization_type = disk["DeviceName"], "ebs", "hvm"
    image.add_tags(self._parse_tag_specification().get("image", {}))
    return self.response_template(image_answers.REGISTER_IMAGE_RESPONSE).render(image=image)


# Snapshots: in files, pending until they are whole, their checksums compared.
def disk_of(snapshot_id):
    return os.path.join(place, f"{snapshot_id}.raw")


def digest(data):
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


@replace(EBSBackend, "start_snapshot")
def start_snapshot(before, self, volume_size, tags, description):
    started = before(self, volume_size, tags, description)
    snapshot = self.ec2_backend.snapshots[started.snapshot_id]
    snapshot.status = "pending"
    self.ec2_backend.delete_volume(snapshot.volume.id)
    with open(disk_of(started.snapshot_id), "wb") as disk:
        disk.truncate(volume_size << 30)
    return started


@replace(EBSBackend, "put_snapshot_block")
def put_snapshot_block(before, self, snapshot_id, block_index, block_data, checksum, checksum_algorithm, data_length):
    data = block_data if isinstance(block_data, bytes) else block_data.encode("latin-1")
    if self.snapshots[snapshot_id].status != "pending":
        raise JsonRESTError("ConflictException", "the snapshot is completed")
    if len(data) != BLOCK or int(data_length) != BLOCK or checksum_algorithm != "SHA256" or checksum != digest(data):
        raise JsonRESTError("ValidationException", "INVALID_BLOCK_CHECKSUM")
    with open(disk_of(snapshot_id), "r+b") as disk:
        disk.seek(int(block_index) * BLOCK)
        disk.write(data)
    return before(self, snapshot_id, block_index, "", checksum, checksum_algorithm, data_length)


@replace(EBSBackend, "complete_snapshot")
def complete_snapshot(before, self, snapshot_id):
    blocks = sorted(self.snapshots[snapshot_id].blocks.items(), key=lambda b: int(b[0]))
    whole = digest(b"".join(base64.b64decode(block.checksum) for _, block in blocks))
    if int(request.headers["x-amz-ChangedBlocksCount"]) != len(blocks) or request.headers.get("x-amz-Checksum", whole) != whole:
        raise JsonRESTError("ValidationException", "INVALID_SNAPSHOT_CHECKSUM")
    self.ec2_backend.snapshots[snapshot_id].status = "completed"
    return before(self, snapshot_id)


class Door:
    """What comes to /kola/ is for this program, all else for moto."""

    def __init__(self, moto):
        self.moto = moto

    def __call__(self, environ, start_response):
        match environ["PATH_INFO"].split("/"):
            case ["", "kola", "end", instance_id, state, reason]:
                for backend in [backend for account in list(ec2_backends.values()) for backend in list(account.values())]:
                    if instance := backend.get_instance_by_id(instance_id):
                        end(instance, state, reason)
                start_response("200 OK", [])
                return [b""]
        return self.moto(environ, start_response)


def main():
    global hypervisor
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--machines", action="store_true")
    options = parser.parse_args()
    if options.machines:
        hypervisor = machines.Hypervisor(place, disk_of, end)
        elastic_network_interfaces.random_public_ip = machines.loopback_address
    server = make_server("127.0.0.1", options.port, Door(DomainDispatcherApplication(create_backend_app)), threaded=True)
    os.environ["MOTO_PORT"] = str(server.port)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"http://127.0.0.1:{server.port}", flush=True)
    try:
        server.serve_forever()
    except (KeyboardInterrupt, SystemExit):
        pass
    finally:
        if hypervisor:
            hypervisor.close()
        shutil.rmtree(place, ignore_errors=True)


main()

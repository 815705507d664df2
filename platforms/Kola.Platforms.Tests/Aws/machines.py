"""Instances of moto's EC2 as machines under QEMU: each boots a copy of its image's snapshot, with its user data as QEMU hands over an Ignition config, and SSH
forwarded from the address moto shows as its public one."""

import base64
import os
import random
import shutil
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

WINDOW = 64 << 10
FIRMWARE = "/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"
# Emulated, two processors take longer than one, and memory is the host's.
MEMORY_MIB = 1024


def loopback_address():
    """An address of this host that nobody else is likely to use."""
    return f"127.{random.randint(64, 254)}.{random.randint(0, 254)}.{random.randint(1, 254)}"


class Hypervisor:
    def __init__(self, place, disk_of, end):
        self.place, self.disk_of, self.end_instance = place, disk_of, end
        self.processes = {}
        self.gate = threading.RLock()
        # The kernel ends a machine with the thread that started it, and threads of the server last for one request.
        self.starter = ThreadPoolExecutor(max_workers=1)

    def start(self, backend, instance, image):
        self.starter.submit(self.run, instance, image).result()

    def run(self, instance, image):
        directory = os.path.join(self.place, instance.id)
        if not os.path.exists(directory):
            os.makedirs(directory)
            volume = instance.ec2_backend.volumes[instance.block_device_mapping[image.root_device_name].volume_id]
            run("qemu-img", "create", "-q", "-f", "qcow2", "-b", self.disk_of(image.ebs_snapshot.id), "-F", "raw", f"{directory}/disk.qcow2", f"{volume.size}G")
            if instance.user_data:
                with open(f"{directory}/config.ign", "wb") as config:
                    config.write(base64.b64decode(instance.user_data))
            if image.boot_mode != "legacy-bios":
                shutil.copy(FIRMWARE[1], f"{directory}/variables.fd")
        with self.gate:
            process = subprocess.Popen(list(self.arguments(directory, instance, image)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=open(f"{directory}/qemu.txt", "ab"))
            self.processes[instance.id] = process
        threading.Thread(target=self.watch, args=(instance, process), daemon=True).start()

    def arguments(self, directory, instance, image):
        uefi = image.boot_mode != "legacy-bios"
        accel = os.environ.get("KOLA_MOTO_ACCEL", "tcg")
        yield from ("setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none")
        yield from ("-machine", "q35,graphics=off" + (",pflash0=code,pflash1=variables" if uefi else ""))
        yield from ("-accel", "kvm", "-cpu", "host") if accel == "kvm" else ("-accel", "tcg,thread=multi,tb-size=512", "-cpu", "max,la57=off")
        yield from ("-m", f"{MEMORY_MIB}M", "-smp", "1", "-device", "virtio-rng-pci")
        yield from ("-chardev", f"file,id=console,path={directory}/console.txt,append=on", "-serial", "chardev:console")
        yield from ("-monitor", f"unix:{directory}/monitor,server=on,wait=off")
        yield from ("-drive", f"if=none,id=disk,format=qcow2,cache=unsafe,file={directory}/disk.qcow2", "-device", "virtio-blk-pci,drive=disk,bootindex=1")
        yield from ("-netdev", f"user,id=net,hostfwd=tcp:{instance.public_ip or '127.0.0.1'}:22-:22", "-device", "virtio-net-pci,netdev=net,romfile=")
        if instance.user_data:
            yield from ("-fw_cfg", f"name=opt/org.flatcar-linux/config,file={directory}/config.ign")
        if uefi:
            yield from ("-blockdev", f"driver=file,node-name=code,read-only=on,filename={FIRMWARE[0]}", "-blockdev", f"driver=file,node-name=variables,filename={directory}/variables.fd")

    def watch(self, instance, process):
        code = process.wait()
        with self.gate:
            if self.processes.get(instance.id) is not process:
                return
            del self.processes[instance.id]
        self.end_instance(instance, "terminated", "Client.InstanceInitiatedShutdown" if code == 0 else "Server.InternalError")

    def stop(self, instance):
        with self.gate:
            process = self.processes.pop(instance.id, None)
        if process:
            process.kill()
            process.wait()

    def end(self, instance):
        self.stop(instance)
        for name in ("disk.qcow2", "variables.fd", "config.ign"):
            if os.path.exists(path := os.path.join(self.place, instance.id, name)):
                os.remove(path)

    def reset(self, instance):
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(os.path.join(self.place, instance.id, "monitor"))
            monitor.sendall(b"system_reset\n")
            # Closed too early, it is not obeyed.
            monitor.settimeout(5)
            seen = b""
            while seen.count(b"(qemu)") < 2 and (more := monitor.recv(4096)):
                seen += more

    def console(self, instance_id):
        path = os.path.join(self.place, instance_id, "console.txt")
        if not os.path.exists(path):
            return b"" if os.path.isdir(os.path.dirname(path)) else None
        with open(path, "rb") as console:
            return console.read()[-WINDOW:]

    def close(self):
        with self.gate:
            processes, self.processes = list(self.processes.values()), {}
        for process in processes:
            process.kill()
            process.wait()


def run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)

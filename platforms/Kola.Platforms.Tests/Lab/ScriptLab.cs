using Kola.Labs;
using Kola.Machines;

namespace Kola.Platforms.Tests.Labs;

/// <summary>A lab whose commands are a few lines of shell, written by the test; no machine is ever there.</summary>
internal sealed class ScriptLab(Scratch scratch)
{
    private readonly List<string> _told = [];

    /// <summary>What its commands have appended to a file <c>$LOG</c>.</summary>
    internal string[] Log => File.Exists(scratch.File("log")) ? File.ReadAllLines(scratch.File("log")) : [];

    /// <summary>What was told to a person.</summary>
    internal string Told
    {
        get
        {
            lock (_told)
                return string.Join('\n', _told);
        }
    }

    /// <summary>Variables of the environment beside the process's own.</summary>
    internal Dictionary<string, string> Environment { get; } = [];

    /// <summary>Opens it.</summary>
    /// <param name="provision">Script; <c>answer</c> in it prints a proper one.</param>
    /// <param name="deprovision">Script.</param>
    /// <param name="commands">Further commands, YAML.</param>
    /// <param name="top">Further members of the file.</param>
    /// <param name="terms">Further members of provision and deprovision.</param>
    internal async Task<IPlatform> OpenAsync(string provision = "answer", string deprovision = "true", string commands = "", string top = "", string terms = "retries: 1, backoff: 10ms")
    {
        Script("provision", provision);
        Script("deprovision", deprovision);
        await File.WriteAllTextAsync(scratch.File("lab.yaml"), $"version: 1\nname: scripts\ncapacity: {{ machines: 4 }}\n{top}\ncommands:\n  provision: {{ run: [./provision], {terms} }}\n  deprovision: {{ run: [./deprovision], {terms} }}\n{commands}\n");
        return await new LabDriver().OpenAsync(Request(), CancellationToken.None);
    }

    /// <summary>Writes a script beside the file.</summary>
    internal string Script(string name, string text)
    {
        string file = scratch.File(name);
        File.WriteAllText(file, $"#!/bin/bash\nLOG='{scratch.File("log")}'\nsay() {{ echo \"$*\" >>\"$LOG\"; }}\nanswer() {{ echo '{{\"id\":\"vm-1\",\"address\":\"127.0.0.1\",\"port\":9,\"notes\":[1]}}'; }}\n{text}\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return file;
    }

    internal PlatformRequest Request()
    {
        PlatformRequest request = Conformance.Request(scratch, Image, scratch.File("cache"), (LabDriver.FileOption, scratch.File("lab.yaml")));
        return request with { Access = request.Access with { Environment = name => Environment.GetValueOrDefault(name), Progress = new Immediate(this) } };
    }

    internal Task<IReadOnlyList<ILeftover>> LeftoversAsync() => new LabDriver().FindLeftoversAsync(Request().Access, CancellationToken.None);

    internal InstanceSpec Spec(string name = "machine") => new()
    {
        Id = $"some.test/{name}",
        Machine = new MachineSpec { Name = name, MemoryMiB = 2048, Cpus = 2, Disks = [new ExtraDisk(8, "spare")] },
        Image = Image,
        Ignition = """{ "ignition": { "version": "3.0.0" } }""",
        UserData = "#cloud-config\n",
        Directory = scratch.New(name),
        Links = [new InstanceLink("net", "lan", "52:54:00:6b:00:01")],
    };

    private static Image Image => new() { File = "/img", Format = "raw", Digest = "sha256:0", Name = "some", Version = "4459.0.0" };

    private sealed class Immediate(ScriptLab lab) : IProgress<string>
    {
        public void Report(string value)
        {
            lock (lab._told)
                lab._told.Add(value);
        }
    }
}

namespace Flatcar.Tests.Guest;

/// <summary>containerd without docker: its own client, and a namespace that docker does not use.</summary>
public static class Containerd
{
    /// <summary>Holds the image of the preparation <c>docker-tools</c>.</summary>
    public const string Namespace = "kola";

    /// <summary>Its name there.</summary>
    public const string Tools = "docker.io/library/kola-tools:latest";

    extension(Machine machine)
    {
        /// <summary>Runs ctr as root in <see cref="Namespace"/>.</summary>
        public Task<CommandResult> CtrAsync(string arguments) => machine.RunAsync($"sudo ctr --namespace={Namespace} {arguments}");

        /// <summary>PID and state of a task as a line, <c>3014 RUNNING</c>; empty when containerd knows none of that name.</summary>
        public async Task<string> TaskAsync(string name)
        {
            // TASK    PID     STATUS
            // two     3014    RUNNING
            CommandResult known = await machine.CtrAsync("task ls");
            return known.Lines.Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).FirstOrDefault(words => words[0] == name) is { } task ? $"{task[1]} {task[2]}" : "";
        }
    }
}

namespace Flatcar.Tests.Guest;

/// <summary>What the journal holds.</summary>
public static class Journal
{
    extension(Machine machine)
    {
        /// <summary>Messages, oldest first, without time and sender; none when nothing matches.</summary>
        /// <param name="matches">Arguments of journalctl: <c>--boot=-1 --identifier=kola</c>.</param>
        public async Task<IReadOnlyList<string>> JournalAsync(string matches)
        {
            // Its exit code is 1 when nothing matches.
            CommandResult found = await machine.TryRunAsync($"journalctl --no-pager --quiet --output=cat {matches}");
            return found.ExitCode == 0 || found.Error.Length == 0
                ? found.Lines
                : throw new MachineException($"{machine.Name}: `{found.Command}` ended with exit code {found.ExitCode}\n  error:   {found.Error}");
        }

        /// <summary>Writes a message and has it on disk when it returns.</summary>
        /// <param name="identifier">Under which it can be found.</param>
        /// <param name="message">One line.</param>
        public Task LogAsync(string identifier, string message) =>
            machine.RunAsync($"logger --tag {Machine.Quote(identifier)} {Machine.Quote(message)} && sudo journalctl --sync");
    }
}

namespace Flatcar.Tests.Guest;

/// <summary>Who is known to the system, as programs see it: through getent.</summary>
public static class Accounts
{
    extension(Machine machine)
    {
        /// <summary>Entries of a database: <c>passwd</c>, <c>shadow</c>, <c>group</c>, <c>gshadow</c>; each split at its colons.</summary>
        /// <param name="database">Read as root.</param>
        /// <param name="names">Default all.</param>
        /// <exception cref="MachineException">One of the names is not there.</exception>
        public async Task<IReadOnlyList<string[]>> AccountsAsync(string database, params string[] names) =>
            [.. (await machine.RunAsync($"sudo getent {database} {string.Join(' ', names)}")).Lines.Select(line => line.Split(':'))];
    }
}

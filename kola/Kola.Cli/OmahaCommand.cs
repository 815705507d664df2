using System.CommandLine;
using System.Net;

namespace Kola.Cli;

/// <summary><c>kola omaha</c></summary>
internal static class OmahaCommand
{
    internal static Command Create(Surroundings surroundings) => new("omaha", "Serves updates to machines outside of a run.") { Serve(surroundings) };

    private static Command Serve(Surroundings surroundings)
    {
        var directory = new Argument<string>("dir") { Description = "Directory with one payload (*.gz), or with an omaha.yaml that says who is offered what." };
        var address = new Option<string>("--address") { Description = "Address of this host to listen at. Default 127.0.0.1; 0.0.0.0 for all.", HelpName = "A", DefaultValueFactory = _ => "127.0.0.1" };
        var port = new Option<int>("--port") { Description = "TCP port for http. Default: a free one.", HelpName = "N" };
        var securePort = new Option<int>("--https-port") { Description = "TCP port for https. Default: a free one.", HelpName = "N" };
        var version = new Option<string?>("--version") { Description = "What the payload is called; a machine that runs it is told that there is no update. Default: FLATCAR_VERSION of DIR/version.txt.", HelpName = "V" };
        var rate = new Option<int?>("--rate") { Description = "Most machines that are offered an update within a minute.", HelpName = "N" };
        var user = new Option<string?>("--user") { Description = "Give packages to this user alone. Clients send a name over https only.", HelpName = "U" };
        var password = new Option<string?>("--password-env") { Description = "Variable of the environment that holds the user's password.", HelpName = "VAR" };
        var log = new Option<string?>("--log") { Description = "File each request is appended to as well.", HelpName = "FILE" };
        var command = new Command("serve", "Serves updates until Ctrl-C, and prints each request.") { directory, address, port, securePort, version, rate, user, password, log };
        command.SetAction(async (parsed, cancel) =>
        {
            string given = parsed.GetValue(address)!;
            var serving = new UpdateDirectory(parsed.GetValue(directory)!)
            {
                Address = IPAddress.TryParse(given, out IPAddress? at) ? at : throw new UsageException($"--address {given}\n  wanted:  an IP address of this host"),
                Port = Port(parsed.GetValue(port), port.Name),
                SecurePort = Port(parsed.GetValue(securePort), securePort.Name),
                Version = parsed.GetValue(version),
                Rate = parsed.GetValue(rate) is { } most && most < 1 ? throw new UsageException($"--rate {most}\n  wanted:  a whole number of at least 1") : parsed.GetValue(rate),
                Login = Login(parsed.GetValue(user), parsed.GetValue(password), surroundings),
                Log = parsed.GetValue(log),
            };
            using var interruptions = Interruptions.Of(cancel);
            await serving.ServeAsync(Console.Out, interruptions.First);
            return ExitCode.Clean;
        });
        return command;
    }

    private static int Port(int port, string option) => port is >= 0 and <= 65535 ? port : throw new UsageException($"{option} {port}\n  wanted:  1 to 65535, or 0 for a free one");

    private static (string User, string Password)? Login(string? user, string? variable, Surroundings surroundings)
    {
        if (user is null && variable is null)
            return null;
        if (user is null || variable is null)
            throw new UsageException("--user and --password-env belong together\n  wanted:  both or none");
        return surroundings.Environment.TryGetValue(variable, out string? password) && password.Length > 0
            ? (user, password)
            : throw new UsageException($"--password-env {variable}\n  wanted:  the name of a variable of the environment that holds a password\n  got:     it is not set");
    }
}

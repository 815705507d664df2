using System.Data.Common;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Kola.History;

/// <summary>Which database: a file of SQLite's, or a server's of PostgreSQL's.</summary>
public sealed partial record DatabaseTarget
{
    private readonly string _connection;

    private DatabaseTarget(string connection, string shown, bool server) => (_connection, Shown, IsServer) = (connection, shown, server);

    /// <summary>How it is named to people; holds no password.</summary>
    public string Shown { get; }

    /// <summary>Whether it is PostgreSQL.</summary>
    public bool IsServer { get; }

    /// <summary>Reads what a person typed.</summary>
    /// <param name="text">Path of a file, <c>Host=db;Database=kola;Username=kola</c>, or <c>postgresql://kola@db/kola</c>.</param>
    /// <exception cref="UsageException">It looks like a server and cannot be read.</exception>
    public static DatabaseTarget Parse(string text)
    {
        try
        {
            if (Address().IsMatch(text))
                return Server(OfAddress(new Uri(text)));
            return text.Contains("Host=", StringComparison.OrdinalIgnoreCase) ? Server(new NpgsqlConnectionStringBuilder(text)) : File(text);
        }
        catch (Exception wrong) when (wrong is ArgumentException or UriFormatException or FormatException)
        {
            // The text may hold a password and is not repeated.
            throw new UsageException("--database cannot be read\n  wanted:  path of a file, Host=db;Database=kola;Username=kola, or postgresql://kola@db/kola", wrong);
        }
    }

    /// <summary>A text without the password that a database's address in it may hold.</summary>
    public static string Masked(string text) => Password().Replace(text, "$1$2***");

    internal DbConnection Connect() => IsServer ? new NpgsqlConnection(_connection) : new SqliteConnection(_connection);

    private static DatabaseTarget File(string path)
    {
        string full = Path.GetFullPath(path);
        // Not pooled: a closed connection lets go of its file. Another kola holds the file for as long as it writes one run.
        var connection = new SqliteConnectionStringBuilder { DataSource = full, ForeignKeys = true, DefaultTimeout = 30, Pooling = false };
        return new DatabaseTarget(connection.ToString(), path, server: false);
    }

    private static DatabaseTarget Server(NpgsqlConnectionStringBuilder connection)
    {
        // Run once and ended: a pool would outlive its use.
        connection.Pooling = false;
        return new DatabaseTarget(connection.ToString(), $"{connection.Database ?? "database"} on {connection.Host}", server: true);
    }

    private static NpgsqlConnectionStringBuilder OfAddress(Uri address)
    {
        if (address.Host.Length == 0)
            throw new FormatException("no host");
        string[] user = address.UserInfo.Split(':', 2);
        var connection = new NpgsqlConnectionStringBuilder { Host = address.Host, Database = Uri.UnescapeDataString(address.AbsolutePath.Trim('/')) };
        if (address.Port > 0)
            connection.Port = address.Port;
        if (user[0].Length > 0)
            connection.Username = Uri.UnescapeDataString(user[0]);
        if (user.Length > 1)
            connection.Password = Uri.UnescapeDataString(user[1]);
        return connection;
    }

    // postgresql://kola:secret@db:5432/kola
    [GeneratedRegex("^postgres(ql)?://", RegexOptions.IgnoreCase)]
    private static partial Regex Address();

    // Host=db;Password=secret;Database=kola        postgresql://kola:secret@db/kola
    [GeneratedRegex(@"((?:Password|Pwd)\s*=\s*)(?:'[^']*'|""[^""]*""|[^;]+)|(postgres(?:ql)?://[^:/@\s]*:)[^/\s]+(?=@)", RegexOptions.IgnoreCase)]
    private static partial Regex Password();
}

namespace Kola.History;

/// <summary>The shape of the database, as the steps that lead to it. A step that was released is never changed; another one follows it.</summary>
internal static class Migrations
{
    // Types both SQLite and PostgreSQL know. Times are milliseconds since 1970, UTC: the one form that sorts and means the same in both.
    internal static IReadOnlyList<string> Steps { get; } =
    [
        """
        CREATE TABLE run (
            name TEXT PRIMARY KEY,
            at BIGINT NOT NULL,
            platform TEXT NOT NULL,
            architecture TEXT NOT NULL,
            firmware TEXT,
            image TEXT NOT NULL,
            digest TEXT NOT NULL,
            version TEXT,
            channel TEXT,
            kola TEXT NOT NULL,
            stopped TEXT,
            complete BIGINT NOT NULL
        );
        CREATE TABLE result (
            run TEXT NOT NULL REFERENCES run (name) ON DELETE CASCADE,
            test TEXT NOT NULL,
            outcome TEXT NOT NULL,
            attempts BIGINT NOT NULL,
            seconds DOUBLE PRECISION NOT NULL,
            message TEXT,
            sign TEXT,
            PRIMARY KEY (run, test)
        );
        CREATE TABLE attempt (
            run TEXT NOT NULL,
            test TEXT NOT NULL,
            number BIGINT NOT NULL,
            outcome TEXT NOT NULL,
            at BIGINT,
            seconds DOUBLE PRECISION NOT NULL,
            message TEXT,
            sign TEXT,
            PRIMARY KEY (run, test, number),
            FOREIGN KEY (run, test) REFERENCES result (run, test) ON DELETE CASCADE
        );
        CREATE TABLE former (
            formerly TEXT PRIMARY KEY,
            test TEXT NOT NULL
        );
        CREATE INDEX result_test ON result (test);
        CREATE INDEX run_at ON run (at);
        """,
    ];
}

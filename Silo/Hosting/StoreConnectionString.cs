using Npgsql;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>
/// What users give us to find PostgreSQL; it may hold a password, so it is never repeated to them whole.
/// </summary>
public static class StoreConnectionString
{
    private const string Expected = "expected Host=…;Username=…;Password=…;Database=….";

    /// <summary>Fails when it cannot be one; null is none.</summary>
    public static void Check(string? connection)
    {
        try
        {
            if (new NpgsqlConnectionStringBuilder(connection ?? "Host=none").Host is null or "")
            {
                throw new UserErrorException($"--connection names no Host: {Expected}");
            }
        }
        catch (Exception error) when (error is ArgumentException or FormatException)
        {
            // What Npgsql says names what it did not understand: the end of a password with a semicolon in it.
            throw new UserErrorException(
                $"--connection is no connection string of Npgsql's: {Expected} A value with ; in it stands in quotes.");
        }
    }

    /// <summary>Which database it is, for messages.</summary>
    public static string Describe(string connection)
    {
        var settings = new NpgsqlConnectionStringBuilder(connection);
        return $"PostgreSQL at {settings.Host} (port {settings.Port}, database {settings.Database ?? settings.Username})";
    }
}

using System.Security.Cryptography.X509Certificates;
using Npgsql;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>
/// What the parts of a cluster are asked to find out whether they still answer, each over a new connection.
/// </summary>
public static class Questions
{
    /// <summary>Asks for a page, from whomever: any answer, a refusal too, shows that the process works.</summary>
    public static Func<CancellationToken, Task> Page(Uri url) => async cancellationToken =>
    {
        using var handler = new SocketsHttpHandler { UseProxy = false };
#pragma warning disable CA5359 // Nothing is told to it and nothing it says is believed.
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359

        // So no authority need be read either: to read those of the machine takes longer than all else.
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        using var client = new HttpClient(handler);
        using var answer = await client.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    };

    /// <summary>Logs in to PostgreSQL; that it has no room for one more, or starts, is an answer too.</summary>
    public static Func<CancellationToken, Task> Login(string connectionString) => async cancellationToken =>
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, Timeout = 0 };
        await using var source = NpgsqlDataSource.Create(settings);
        try
        {
            await using var connection = await source.OpenConnectionAsync(cancellationToken);
        }
        catch (PostgresException)
        {
            // It says no, so it is there.
        }
    };
}

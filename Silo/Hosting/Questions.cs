using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Npgsql;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>
/// What the parts of a cluster are asked to find out whether they still answer, each over a new connection.
/// </summary>
public static class Questions
{
    private static readonly TimeSpan DnsPatience = TimeSpan.FromSeconds(1);
    private const int DnsAnswerBytes = 512;
    private const int DnsCodeByte = 3;
    private const int DnsCodeBits = 0x0F;

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

    /// <summary>
    /// Asks a DNS server for the address of a name, by UDP. An answer with an error throws, as does none within a
    /// second: the caller asks again.
    /// </summary>
    public static Func<CancellationToken, Task> Name(IPEndPoint server, string name) => async cancellationToken =>
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(DnsPatience);
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, limit.Token);
        await socket.SendAsync(DnsQuestion(name), limit.Token);
        var answer = new byte[DnsAnswerBytes];
        var length = await socket.ReceiveAsync(answer, limit.Token);
        if (length <= DnsCodeByte || (answer[DnsCodeByte] & DnsCodeBits) != 0)
        {
            throw new IOException($"{server} has no answer for {name} yet");
        }
    };

    /// <summary>RFC 1035, 4.1: a header that asks one question, its name as labels with their lengths, A, IN.</summary>
    private static byte[] DnsQuestion(string name) =>
    [
        0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0,
        .. name.Split('.').SelectMany(static label => (byte[])[(byte)label.Length, .. Encoding.ASCII.GetBytes(label)]),
        0, 0, 1, 0, 1,
    ];
}

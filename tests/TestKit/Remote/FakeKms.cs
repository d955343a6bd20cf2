using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace OrleansOrchestrator.TestKit.Remote;

/// <summary>
/// A plugin of the KMS v2 API on a unix socket, which fails, rotates, goes away and comes back as a test wants. It
/// speaks gRPC without the code that it is asked by.
/// </summary>
public sealed class FakeKms : IAsyncDisposable
{
    private const int GrpcHead = 5;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orc-kms-");
    private readonly ConcurrentQueue<string> _calls = new();
    private readonly ConcurrentDictionary<string, bool> _lost = new(StringComparer.Ordinal);
    private WebApplication? _server;

    private FakeKms()
    {
    }

    public string Socket => Path.Combine(_directory.FullName, "kms.sock");

    /// <summary>As a configuration names it.</summary>
    public string Endpoint => $"unix://{Socket}";

    /// <summary>The key that encrypts now.</summary>
    public string KeyId { get; set; } = "key-1";

    /// <summary>The key that encryption says it used; that which encrypts unless a test says otherwise.</summary>
    public string? OtherKeyId { get; set; }

    public string Healthz { get; set; } = "ok";

    public string Version { get; set; } = "v2";

    /// <summary>What is given with each seed.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; set; } =
        new Dictionary<string, string> { ["test.example.com"] = "yes" };

    /// <summary>A gRPC status that everything is refused with; 0 for none.</summary>
    public int Refusal { get; set; }

    /// <summary>Names of the calls so far.</summary>
    public IReadOnlyCollection<string> Calls => _calls;

    public static async Task<FakeKms> StartAsync()
    {
        var kms = new FakeKms();
        await kms.ListenAsync();
        return kms;
    }

    /// <summary>A key is there no more: what it encrypted is lost.</summary>
    public void Lose(string keyId) => _lost[keyId] = true;

    /// <summary>Comes back where it was.</summary>
    public async Task ListenAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(
            Socket, static listen => listen.Protocols = HttpProtocols.Http2));
        _server = builder.Build();
        _server.Run(AnswerAsync);
        await _server.StartAsync();
    }

    /// <summary>Goes away.</summary>
    public async Task StopAsync()
    {
        if (_server is { } server)
        {
            _server = null;
            await server.DisposeAsync();
            File.Delete(Socket);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _directory.Delete(recursive: true);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var method = context.Request.Path.Value!["/v2.KeyManagementService/".Length..];
        _calls.Enqueue(method);
        var request = Fields(body.ToArray()[GrpcHead..]);
        var (status, answer) = Refusal != 0 ? (Refusal, null) : method switch
        {
            "Status" => (0, Message((1, Text(Version)), (2, Text(Healthz)), (3, Text(KeyId)))),
            "Encrypt" => (0, Encrypt(request)),
            "Decrypt" => Decrypt(request),
            _ => (12, null),
        };
        context.Response.ContentType = "application/grpc";
        if (answer is not null)
        {
            var frame = new byte[GrpcHead + answer.Length];
            BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), answer.Length);
            answer.CopyTo(frame, GrpcHead);
            await context.Response.Body.WriteAsync(frame, context.RequestAborted);
        }

        context.Response.AppendTrailer("grpc-status", status.ToString(null, null));
        context.Response.AppendTrailer("grpc-message", status == 0 ? "" : "refused by the test");
    }

    private byte[] Encrypt(List<(int Field, byte[] Value)> request)
    {
        var keyId = OtherKeyId ?? KeyId;
        return Message(
        [
            (1, Mix(keyId, request.Single(static f => f.Field == 1).Value)), (2, Text(keyId)),
            .. Annotations.Select(static a => (3, Message((1, Text(a.Key)), (2, Text(a.Value))))),
        ]);
    }

    private (int Status, byte[]? Answer) Decrypt(List<(int Field, byte[] Value)> request)
    {
        var keyId = Encoding.UTF8.GetString(request.Single(static f => f.Field == 3).Value);
        var annotations = request.Where(static f => f.Field == 4).Select(static f => Fields(f.Value)).ToDictionary(
            static a => Encoding.UTF8.GetString(a[0].Value), static a => Encoding.UTF8.GetString(a[1].Value));
        return _lost.ContainsKey(keyId) ? (5, null)
            : !annotations.OrderBy(static a => a.Key).SequenceEqual(Annotations.OrderBy(static a => a.Key)) ? (3, null)
            : (0, Message((1, Mix(keyId, request.Single(static f => f.Field == 1).Value))));
    }

    /// <summary>What it does a second time it undoes.</summary>
    private static byte[] Mix(string keyId, byte[] value)
    {
        var key = SHA256.HashData(Encoding.UTF8.GetBytes(keyId));
        return [.. value.Select((b, i) => (byte)(b ^ key[i % key.Length]))];
    }

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Message(params (int Field, byte[] Value)[] fields)
    {
        using var bytes = new MemoryStream();
        using (var output = new CodedOutputStream(bytes, leaveOpen: true))
        {
            foreach (var (field, value) in fields)
            {
                output.WriteTag(field, WireFormat.WireType.LengthDelimited);
                output.WriteBytes(ByteString.CopyFrom(value));
            }
        }

        return bytes.ToArray();
    }

    private static List<(int Field, byte[] Value)> Fields(byte[] message)
    {
        var result = new List<(int, byte[])>();
        var input = new CodedInputStream(message);
        for (var tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            result.Add((WireFormat.GetTagFieldNumber(tag), input.ReadBytes().ToByteArray()));
        }

        return result;
    }
}

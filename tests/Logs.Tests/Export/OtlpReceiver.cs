using System.Collections.Concurrent;
using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit;

namespace OrleansOrchestrator.Logs.Tests.Export;

/// <summary>A record as it came.</summary>
/// <param name="Resource">Attributes of its resource, <c>key=value</c>, in the order of the alphabet.</param>
/// <param name="Fields">Time, severity, body and the one attribute of its own.</param>
internal sealed record OtlpRecord(
    IReadOnlyList<string> Resource,
    (long Time, int Severity, string SeverityText, string Body, string Attribute) Fields);

/// <summary>An OTLP endpoint on loopback, which reads what it gets with a reader of its own.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Channel<OtlpRecord> _arrived = Channel.CreateUnbounded<OtlpRecord>();
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _requests;

    private OtlpReceiver(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.First());

    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Codes of the first answers; 200 after that.</summary>
    public ConcurrentQueue<int> Answers { get; } = new();

    /// <summary>How many records it says to have rejected.</summary>
    public int Rejects { get; set; }

    public bool Hangs { get; set; }

    public List<OtlpRecord> Records { get; } = [];

    public static async Task<OtlpReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var receiver = new OtlpReceiver(app);
        app.Run(receiver.AnswerAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return receiver;
    }

    /// <summary>Answers what it kept waiting, and everything after it.</summary>
    public void Release() => _released.TrySetResult();

    /// <summary>Returns when so many records are there.</summary>
    public async Task HasAsync(int count, CancellationToken cancellationToken)
    {
        while (Records.Count < count)
        {
            Records.Add(await _arrived.Reader.ReadAsync(cancellationToken));
        }
    }

    public ValueTask DisposeAsync()
    {
        Release();
        return _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        Interlocked.Increment(ref _requests);
        if (Hangs)
        {
            await _released.Task.WaitAsync(context.RequestAborted);
        }

        Assert.Equal("/v1/logs", context.Request.Path.Value);
        Assert.Equal("application/x-protobuf", context.Request.ContentType);
        context.Response.StatusCode = Answers.TryDequeue(out var code) ? code : 200;
        if (context.Response.StatusCode == 200)
        {
            Read(body.ToArray());
        }

        byte[] answer = Rejects > 0 ? [0x0a, 0x02, 0x08, (byte)Rejects] : [];
        await context.Response.Body.WriteAsync(answer, context.RequestAborted);
    }

    private void Read(byte[] request)
    {
        foreach (var logs in Fields(request).Where(static f => f.Field == 1))
        {
            var parts = Fields(logs.Bytes).ToList();
            var resource = parts.Where(static f => f.Field == 1).SelectMany(static r => Fields(r.Bytes))
                .Select(static a => Attribute(a.Bytes)).Order(StringComparer.Ordinal).ToList();
            foreach (var record in parts.Where(static f => f.Field == 2).SelectMany(static s => Fields(s.Bytes))
                .Where(static f => f.Field == 2))
            {
                var fields = Fields(record.Bytes).ToLookup(static f => f.Field);
                _arrived.Writer.TryWrite(new OtlpRecord(resource, (
                    (long)fields[1].Single().Number, (int)fields[2].SingleOrDefault().Number,
                    TextOf(fields[3].SingleOrDefault().Bytes), ValueOf(fields[5].Single().Bytes),
                    Attribute(fields[6].Single().Bytes))));
            }
        }
    }

    private static string Attribute(byte[] bytes)
    {
        var fields = Fields(bytes).ToList();
        return $"{TextOf(fields[0].Bytes)}={ValueOf(fields[1].Bytes)}";
    }

    private static string ValueOf(byte[] bytes)
    {
        var value = Fields(bytes).Single();
        return value.Field == 3 ? $"{value.Number}" : TextOf(value.Bytes);
    }

    private static string TextOf(byte[]? bytes) => bytes is null ? "" : new UTF8Encoding(false, true).GetString(bytes);

    private static IEnumerable<(int Field, ulong Number, byte[] Bytes)> Fields(byte[] message)
    {
        for (var at = 0; at < message.Length;)
        {
            var tag = Varint(message, ref at);
            var (field, wire) = ((int)(tag >> 3), tag & 7);
            switch (wire)
            {
                case 0:
                    yield return (field, Varint(message, ref at), []);
                    break;
                case 1:
                    yield return (field, BitConverter.ToUInt64(message, at), []);
                    at += 8;
                    break;
                default:
                    var length = (int)Varint(message, ref at);
                    yield return (field, 0, message[at..(at + length)]);
                    at += length;
                    break;
            }
        }
    }

    private static ulong Varint(byte[] message, ref int at)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            value |= (ulong)(message[at] & 0x7f) << shift;
            if (message[at++] < 0x80)
            {
                return value;
            }
        }
    }
}

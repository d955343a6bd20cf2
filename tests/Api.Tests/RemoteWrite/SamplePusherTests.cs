using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Api.RemoteWrite;
using OrleansOrchestrator.Interfaces.Metrics;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.RemoteWrite;

/// <summary>Rounds reach a receiver on loopback, which reads them with a reader of its own.</summary>
public sealed class SamplePusherTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Time = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly Channel<string> _arrived = Channel.CreateUnbounded<string>();
    private readonly ConcurrentQueue<int> _answers = new();
    private WebApplication _receiver = null!;

    private static CancellationToken Limit => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _receiver = builder.Build();
        _receiver.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            context.Response.StatusCode = _answers.TryDequeue(out var code) ? code : StatusCodes.Status204NoContent;
            var headers = context.Request.Headers;
            var head = $"{headers.ContentType} {headers.ContentEncoding} "
                + $"{headers["X-Prometheus-Remote-Write-Version"]} {headers.Authorization}";
            _arrived.Writer.TryWrite($"{head}\n{string.Join('\n', Series(Unpack(body.ToArray())))}");
        });
        await _receiver.StartAsync(Limit);
    }

    public ValueTask DisposeAsync() => _receiver.DisposeAsync();

    [Fact]
    public async Task Samples_have_the_usual_names_and_labels_and_what_cannot_be_taken_is_sent_again()
    {
        _answers.Enqueue(StatusCodes.Status503ServiceUnavailable);
        var tokens = Path.GetTempFileName();
        await File.WriteAllTextAsync(tokens, "secret\n", Limit);
        using var pusher = Start(tokens);
        await pusher.StartAsync(Limit);
        pusher.Offer(Round());
        var first = await _arrived.Reader.ReadAsync(Limit);
        Assert.Equal(first, await _arrived.Reader.ReadAsync(Limit));
        Assert.Equal(
            """
            application/x-protobuf snappy 0.1.0 Bearer secret
            node_cpu_usage_seconds_total{node=n1} 12.5 1767323045000
            container_cpu_usage_seconds_total{container=c,namespace=shop,node=n1,pod=p} 1.25 1767323045000
            container_memory_working_set_bytes{container=c,namespace=shop,node=n1,pod=p} 4096 1767323045000
            kube_pod_container_status_restarts_total{container=c,namespace=shop,node=n1,pod=p} 2 1767323045000
            container_network_receive_bytes_total{namespace=shop,node=n1,pod=p} 7 1767323045000
            """.ReplaceLineEndings("\n"), first);
        await pusher.StopAsync(Limit);
        File.Delete(tokens);
    }

    [Fact]
    public async Task What_is_refused_is_dropped_and_the_next_round_goes_on()
    {
        _answers.Enqueue(StatusCodes.Status400BadRequest);
        using var pusher = Start(null);
        await pusher.StartAsync(Limit);
        pusher.Offer(Round());
        pusher.Offer(Round() with { Samples = [Node(99)] });
        await _arrived.Reader.ReadAsync(Limit);
        Assert.EndsWith("} 99 1767323045000", await _arrived.Reader.ReadAsync(Limit), StringComparison.Ordinal);
        await pusher.StopAsync(Limit);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(127)]
    [InlineData(65_536)]
    [InlineData(65_537)]
    [InlineData(200_000)]
    public void A_block_unpacks_to_what_was_packed(int length)
    {
        var data = new byte[length];
        for (var i = 0; i < length; i++)
        {
            data[i] = (byte)(i * 31);
        }

        Assert.Equal(data, Unpack(SnappyBlock.Encode(data)));
    }

    /// <summary>Logs are kept, and read by others than those who gave the URL.</summary>
    [Fact]
    public async Task A_target_is_told_without_its_secrets()
    {
        _answers.Enqueue(StatusCodes.Status400BadRequest);
        var (address, lines) = (new Uri(_receiver.Urls.First()).Authority, new Lines());
        var options = new RemoteWriteOptions { Target = new Uri($"http://me:secret@{address}/api/v1/write?token=hush") };
        using var pusher = new SamplePusher(options, new HttpClient(), TimeProvider.System, lines);
        await pusher.StartAsync(Limit);
        pusher.Offer(Round());

        Assert.Equal(
            $"http://{address}/api/v1/write refused samples: it answered 400", await lines.Written.Reader.ReadAsync(Limit));
        await pusher.StopAsync(Limit);
    }

    private SamplePusher Start(string? tokens) => new(
        new RemoteWriteOptions
        {
            Target = new Uri($"{_receiver.Urls.First()}/api/v1/write"), TokenFile = tokens,
            FirstPause = TimeSpan.FromMilliseconds(1),
        },
        new HttpClient(), TimeProvider.System, NullLogger<SamplePusher>.Instance);

    private sealed class Lines : ILogger<SamplePusher>
    {
        public Channel<string> Written { get; } = Channel.CreateUnbounded<string>();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => Written.Writer.TryWrite(formatter(state, exception));
    }

    private static UsageSample Node(double cpu) =>
        new() { Namespace = "", Name = "n1", Container = "", Node = "n1", Time = Time, CpuSeconds = cpu };

    private static UsageRound Round() => new()
    {
        Slot = 1, Hollow = [],
        Samples =
        [
            Node(12.5),
            new()
            {
                Namespace = "shop", Name = "p", Container = "c", Node = "n1", Time = Time, CpuSeconds = 1.25,
                MemoryBytes = 4096, Restarts = 2,
            },
            new() { Namespace = "shop", Name = "p", Container = "", Node = "n1", Time = Time, NetworkReceived = 7 },
        ],
    };

    private static byte[] Unpack(ReadOnlySpan<byte> block)
    {
        var length = Number(ref block);
        var data = new List<byte>();
        while (!block.IsEmpty)
        {
            Assert.Equal(61 << 2, block[0]);
            var part = BinaryPrimitives.ReadUInt16LittleEndian(block[1..]) + 1;
            data.AddRange(block.Slice(3, part));
            block = block[(3 + part)..];
        }

        Assert.Equal(length, (ulong)data.Count);
        return [.. data];
    }

    private static List<string> Series(ReadOnlySpan<byte> request)
    {
        var all = new List<string>();
        while (!request.IsEmpty)
        {
            var series = Message(ref request, 1);
            var (name, labels, sample) = ("", new List<string>(), "");
            while (!series.IsEmpty)
            {
                if (series[0] == (1 << 3 | 2))
                {
                    var label = Message(ref series, 1);
                    var key = Encoding.UTF8.GetString(Message(ref label, 1));
                    var value = Encoding.UTF8.GetString(Message(ref label, 2));
                    name = key == "__name__" ? value : name;
                    labels.AddRange(key == "__name__" ? [] : [$"{key}={value}"]);
                    continue;
                }

                var read = Message(ref series, 2);
                Assert.Equal(1 << 3 | 1, read[0]);
                var amount = BinaryPrimitives.ReadDoubleLittleEndian(read[1..]);
                read = read[9..];
                Assert.Equal(2ul << 3, Number(ref read));
                sample = FormattableString.Invariant($"{amount} {Number(ref read)}");
            }

            all.Add($"{name}{{{string.Join(',', labels)}}} {sample}");
        }

        return all;
    }

    private static ReadOnlySpan<byte> Message(ref ReadOnlySpan<byte> from, int field)
    {
        Assert.Equal((ulong)(field << 3 | 2), Number(ref from));
        var length = (int)Number(ref from);
        var message = from[..length];
        from = from[length..];
        return message;
    }

    private static ulong Number(ref ReadOnlySpan<byte> from)
    {
        var (value, shift) = (0ul, 0);
        while (true)
        {
            var next = from[0];
            from = from[1..];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return value;
            }

            shift += 7;
        }
    }
}

using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Text;
using CsCheck;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using OrleansOrchestrator.NodeAgent.Server;
using OrleansOrchestrator.NodeAgent.Stats;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Server;

/// <summary>Parsers of what comes from outside: anything may come, nothing may break.</summary>
public sealed class OutsideBytesTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly Gen<string> AnyQuery = Gen.Select(
        Words(
            "stdin", "input", "stdout", "tty", "ports", "port", "follow", "tailLines", "limitBytes", "sinceSeconds",
            "sinceTime", "stream", "command"),
        Gen.OneOf(
            Gen.String[0, 12],
            Gen.Long.Select(n => $"{n}"),
            Words(
                "true", "1", "", ",", "80,81", "65536", "-1", "9223372036854775807", "-9223372036854775808",
                "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00")))
        .Select((name, value) => $"{name}={Uri.EscapeDataString(value)}").List[0, 8].Select(
            parts => "?" + string.Join('&', parts));

    [Fact]
    public void Queries_are_read_whatever_they_say() => AnyQuery.Check(text =>
    {
        var query = new QueryCollection(QueryHelpers.ParseQuery(text));
        var log = LogRequest.Read(query, Now);
        Assert.True(log.TailLines is null or >= 0);
        Assert.True(log.LimitBytes is null or >= 0);
        _ = StreamChoice.Read(query);
        try
        {
            Assert.InRange(PortForward.Ports(query).Count, 1, 64);
        }
        catch (StreamRefusedException refused)
        {
            Assert.Equal(400, refused.Code);
        }
    });

    [Fact]
    public void Ports_without_number_are_not_collected() =>
        Assert.Throws<StreamRefusedException>(
            () => PortForward.Ports(
                new QueryCollection(
                    QueryHelpers.ParseQuery("?port=" + string.Join(',', Enumerable.Repeat("1", 100_000))))));

    [Fact]
    public void Heads_of_answers_are_read_or_refused() => Gen.String[Gen.Char["HTP/1.0 2\r\n:ab"], 0, 60].Check(text =>
    {
        try
        {
            _ = UpgradedConnection.ParseHead(text);
        }
        catch (IOException)
        {
            // the only way to refuse
        }
    });

    [Fact]
    public async Task Messages_arrive_by_channel_however_they_are_cut() => await Gen.Select(
        Gen.Byte, Gen.Byte.Array[0, 200], Gen.Int[1, 9]).List[1, 10].CheckAsync(
        async messages =>
        {
            var (client, server) = Pair();
            using var closing = client;
            using var channels = new ChannelMessages(server);
            var got = new Dictionary<byte, List<byte>>();
            var receiving = channels.ReceiveAsync(
                (channel, content) =>
                {
                    got.TryAdd(channel, []);
                    got[channel].AddRange(content.Span);
                    return Task.CompletedTask;
                },
                CancellationToken.None);
            foreach (var (channel, content, cut) in messages)
            {
                byte[] whole = [channel, .. content];
                foreach (var part in whole.Chunk(cut))
                {
                    await client.SendAsync(
                        part, WebSocketMessageType.Binary, endOfMessage: false, CancellationToken.None);
                }

                await client.SendAsync(
                    Array.Empty<byte>(), WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);
            }

            await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None);
            await receiving.WaitAsync(Patience);
            foreach (var channel in messages.GroupBy(m => m.Item1))
            {
                Assert.Equal(channel.SelectMany(m => m.Item2), got.GetValueOrDefault(channel.Key, []));
            }
        },
        cases: 200);

    [Fact]
    public async Task Noise_instead_of_messages_ends_the_stream() => await Gen.Byte.Array[0, 300].CheckAsync(
        async noise =>
        {
            using var channels = new ChannelMessages(
                WebSocket.CreateFromStream(new OneWay(noise), new WebSocketCreationOptions { IsServer = true }));
            try
            {
                await channels.ReceiveAsync((_, _) => Task.CompletedTask, CancellationToken.None).WaitAsync(Patience);
            }
            catch (WebSocketException)
            {
                // what a client gets that does not speak the protocol
            }
        },
        cases: 1000);

    [Fact]
    public async Task Logs_of_noise_and_of_lines_without_end_are_read_in_little_memory()
    {
        var path = Path.GetTempFileName();
        await using (var file = File.Create(path))
        {
            await file.WriteAsync("2026-11-23T05:00:00.123456789Z stdout F first\n"u8.ToArray());
            for (var i = 0; i < 64; i++)
            {
                await file.WriteAsync(Encoding.ASCII.GetBytes(new string('x', 1024 * 1024)));
            }

            await file.WriteAsync("\n2026-11-23T05:00:00.123456789Z stdout F last\n"u8.ToArray());
        }

        var before = GC.GetTotalMemory(forceFullCollection: true);
        var output = new MemoryStream();
        await new ContainerLogs(TimeProvider.System).CopyAsync(
            path, new LogRequest(), () => false, output, CancellationToken.None);
        Assert.Equal("first\nlast\n", Encoding.UTF8.GetString(output.ToArray()));
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: false) - before, long.MinValue, 48 * 1024 * 1024);
        File.Delete(path);
    }

    [Fact]
    public void Tables_of_devices_are_read_whatever_they_say()
    {
        const string Table = """
            Inter-|   Receive                                                |  Transmit
             face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
                lo: 10 1 0 0 0 0 0 0 10 1 0 0 0 0 0 0
              eth0:1234 5 6 0 0 0 0 0 789 1 2 0 0 0 0 0
            veth01: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
            """;
        Assert.Equal(
            [new NetworkInterfaceFigures("eth0", 1234, 6, 789, 2) { RxPackets = 5, TxPackets = 1 }],
            NetworkDevices.Parse(Table));
        Gen.String.Check(text => NetworkDevices.Parse(text));
        Gen.String[Gen.Char["eth0: 123\n-"], 0, 100].Check(text => NetworkDevices.Parse(text));
    }

    private static Gen<string> Words(params string[] words) => Gen.Int[0, words.Length - 1].Select(i => words[i]);

    private static (WebSocket Client, WebSocket Server) Pair()
    {
        var (up, down) = (new Pipe(), new Pipe());
        return (
            WebSocket.CreateFromStream(
                new TwoWay(down.Reader.AsStream(), up.Writer.AsStream()), new WebSocketCreationOptions()),
            WebSocket.CreateFromStream(
                new TwoWay(
                    up.Reader.AsStream(), down.Writer.AsStream()), new WebSocketCreationOptions { IsServer = true }));
    }

    /// <summary>Reads what is given and swallows what is written.</summary>
    private sealed class OneWay(byte[] content) : MemoryStream(content)
    {
        public override ValueTask WriteAsync(
            ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;
    }

    private sealed class TwoWay(Stream input, Stream output) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            input.ReadAsync(buffer, cancellationToken);

        public override async ValueTask WriteAsync(
            ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await output.WriteAsync(buffer, cancellationToken);
            await output.FlushAsync(cancellationToken);
        }

        public override void Flush() => output.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}

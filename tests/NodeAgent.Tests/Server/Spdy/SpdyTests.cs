using System.IO.Pipelines;
using CsCheck;
using OrleansOrchestrator.NodeAgent.Server.Spdy;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Server.Spdy;

public sealed class SpdyTests
{
    // Three blocks of one stream, as zlib writes them with the preset dictionary at its best compression.
    private static readonly string[] OfZlib =
    [
        "78f9e3c6a7c202253a703a2b294a4dcc851625aca9a0808614cb45e01c6061606100a4398b20d198094ade8c0600000000ffff",
        "c2aa19540e2512d60b000000ffff",
        "02654b2ca518273c3041aa2a800403000000ffff",
    ];

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public void The_dictionary_is_that_of_the_protocol()
    {
        var (low, high) = (1u, 0u);
        foreach (var b in SpdyDictionary.Bytes)
        {
            low = (low + b) % 65521;
            high = (high + low) % 65521;
        }

        Assert.Equal(0xe3c6a7c2, (high << 16) | low);
    }

    [Fact]
    public void Blocks_of_zlib_are_read()
    {
        using var reader = new SpdyHeaderReader();
        var first = reader.Read(Convert.FromHexString(OfZlib[0]));
        Assert.Equal(["error", "8080", "0"], [first["streamtype"], first["port"], first["requestid"]]);
        Assert.Equal("data", reader.Read(Convert.FromHexString(OfZlib[1]))["streamtype"]);
        var third = reader.Read(Convert.FromHexString(OfZlib[2]));
        Assert.Equal(("text/html", ""), (third["content-type"], third["x"]));
    }

    [Fact]
    public void What_is_written_is_read() => Gen.Dictionary(
        Gen.String[Gen.Char.AlphaNumeric, 1, 12].Select(s => s.ToLowerInvariant()), Gen.String[0, 50])[0, 10].List[1, 5].Check(blocks =>
    {
        var writer = new SpdyHeaderWriter();
        using var reader = new SpdyHeaderReader();
        foreach (var block in blocks)
        {
            var utf8 = block.ToDictionary(
                p => p.Key, p => System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(p.Value)));
            Assert.Equal(utf8.OrderBy(p => p.Key), reader.Read(writer.Write(block)).OrderBy(p => p.Key));
        }
    });

    /// <summary>
    /// Go's inflater hands out what it has only when it meets a flush, the empty block that zlib ends one with.
    /// </summary>
    [Fact]
    public void Every_block_that_is_written_ends_with_a_flush()
    {
        var writer = new SpdyHeaderWriter();
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(
                [0, 0, 0, 0xff, 0xff], writer.Write(new Dictionary<string, string> { ["streamtype"] = $"{i}" })[^5..]);
        }
    }

    [Fact]
    public void Noise_is_refused_in_an_orderly_way() => Gen.Byte.Array[0, 200].Check(bytes =>
    {
        using var reader = new SpdyHeaderReader();
        try
        {
            reader.Read(bytes);
        }
        catch (InvalidDataException)
        {
            // the only way to refuse
        }
    });

    [Fact]
    public async Task Streams_come_and_go_without_number()
    {
        await using var pair = new Pair(EchoAsync);
        for (var i = 0; i < 1500; i++)
        {
            var stream = await pair.OpenAsync();
            await stream.WriteAsync(BitConverter.GetBytes(i), pair.Token);
            await stream.CloseWriteAsync(pair.Token);
            Assert.Equal(BitConverter.GetBytes(i), await ReadAllAsync(stream, pair.Token));
        }
    }

    [Fact]
    public async Task Many_streams_at_once_carry_what_they_are_given_and_each_half_ends_alone()
    {
        await using var pair = new Pair(EchoAsync);
        var tasks = Enumerable.Range(1, 40).Select(async seed =>
        {
            var content = new byte[seed * 10_000];
            new Random(seed).NextBytes(content);
            var stream = await pair.OpenAsync();
            var reading = ReadAllAsync(stream, pair.Token);
            await stream.WriteAsync(content, pair.Token);
            await stream.CloseWriteAsync(pair.Token);
            Assert.Equal(content, await reading);
        });
        await Task.WhenAll(tasks).WaitAsync(Patience);
    }

    [Fact]
    public async Task When_the_connection_goes_every_stream_fails()
    {
        var pair = new Pair((_, token) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token));
        var stream = await pair.OpenAsync();
        var reading = ReadAllAsync(stream, CancellationToken.None);
        await pair.DisposeAsync();
        await Assert.ThrowsAsync<IOException>(() => reading);
    }

    [Fact]
    public async Task Noise_ends_a_connection_without_harm() => await Gen.Byte.Array[0, 300].CheckAsync(
        async bytes =>
        {
            // Every other run begins like a frame that opens a stream, so that the noise gets further.
            byte[] input = bytes.Length % 2 == 0 ? bytes : [0x80, 3, 0, 1, 0, 0, 0, (byte)bytes.Length, .. bytes];
            await using var connection = new SpdyConnection(
                new Duplex(new MemoryStream(input), Stream.Null), isServer: true);
            await connection.RunAsync(_ => { }, CancellationToken.None).WaitAsync(Patience);
        },
        cases: 2000);

    [Fact]
    public async Task Frames_of_any_kind_and_order_are_survived() => await AnyFrame.List[1, 20].CheckAsync(
        async frames =>
        {
            var writer = new SpdyHeaderWriter();
            var input = frames.SelectMany(frame => frame(writer)).ToArray();
            await using var connection = new SpdyConnection(
                new Duplex(new MemoryStream(input), Stream.Null), isServer: true);
            await connection.RunAsync(
                stream =>
                    _ = EchoAsync(stream, CancellationToken.None).ContinueWith(
                        t => _ = t.Exception, TaskScheduler.Default),
                CancellationToken.None).WaitAsync(Patience);
        },
        cases: 2000);

    [Theory]
    [InlineData(0x00000001u, 0x00ffffffu)]
    [InlineData(0x80030001u, 0x00ffffffu)]
    [InlineData(0x80030006u, 0x00ffffffu)]
    public async Task The_length_that_a_frame_claims_costs_no_memory(uint first, uint length)
    {
        var head = new byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(head, first);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(4), length);
        var input = new LargestRead(head);
        await using var connection = new SpdyConnection(new Duplex(input, Stream.Null), isServer: true);
        await connection.RunAsync(_ => { }, CancellationToken.None).WaitAsync(Patience);
        Assert.InRange(input.LargestBytes, 8, 64 * 1024);
    }

    private static readonly Gen<byte[]> AnyPayload = Gen.Byte.Array[0, 40];

    private static readonly Gen<Func<SpdyHeaderWriter, byte[]>> AnyFrame = Gen.Select(
        Gen.Int[0, 8], Gen.Int[0, 5], Gen.Byte, AnyPayload, Gen.Dictionary(
            Gen.String[Gen.Char.AlphaNumeric, 1, 8], Gen.String[0, 8])[0, 70])
        .Select((type, id, flags, payload, headers) => new Func<SpdyHeaderWriter, byte[]>(writer => type switch
        {
            0 => Frame([0, 0, 0, (byte)id], flags, payload),
            1 => Frame([0x80, 3, 0, 1], flags, [0, 0, 0, (byte)id, 0, 0, 0, 0, 0, 0, .. writer.Write(headers)]),
            2 => Frame([0x80, 3, 0, 2], flags, [0, 0, 0, (byte)id, .. writer.Write(headers)]),
            _ => Frame([0x80, 3, 0, (byte)type], flags, [0, 0, 0, (byte)id, .. payload]),
        }));

    private static byte[] Frame(byte[] first, byte flags, byte[] payload) =>
        [.. first, flags, 0, (byte)(payload.Length >> 8), (byte)payload.Length, .. payload];

    private static async Task EchoAsync(SpdyStream stream, CancellationToken cancellationToken)
    {
        await stream.CopyInputAsync((bytes, token) => stream.WriteAsync(bytes, token), cancellationToken);
        await stream.CloseWriteAsync(cancellationToken);
    }

    private static async Task<byte[]> ReadAllAsync(SpdyStream stream, CancellationToken cancellationToken)
    {
        var result = new MemoryStream();
        await stream.CopyInputAsync((bytes, token) => result.WriteAsync(bytes, token).AsTask(), cancellationToken);
        return result.ToArray();
    }

    /// <summary>Both ends of one connection in memory.</summary>
    private sealed class Pair : IAsyncDisposable
    {
        private readonly SpdyConnection _client;
        private readonly SpdyConnection _server;
        private readonly CancellationTokenSource _ended = new(Patience);
        private readonly Task _running;

        public Pair(Func<SpdyStream, CancellationToken, Task> serve)
        {
            var (up, down) = (new Pipe(), new Pipe());
            _client = new SpdyConnection(new Duplex(down.Reader.AsStream(), up.Writer.AsStream()), isServer: false);
            _server = new SpdyConnection(new Duplex(up.Reader.AsStream(), down.Writer.AsStream()), isServer: true);
            _running = Task.WhenAll(
                _client.RunAsync(_ => { }, Token), _server.RunAsync(stream => _ = serve(stream, Token), Token));
        }

        public CancellationToken Token => _ended.Token;

        public Task<SpdyStream> OpenAsync() =>
            _client.OpenAsync(new Dictionary<string, string> { ["streamtype"] = "data" }, Token);

        public async ValueTask DisposeAsync()
        {
            await _ended.CancelAsync();
            await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _client.DisposeAsync();
            await _server.DisposeAsync();
            _ended.Dispose();
        }
    }

    /// <summary>Remembers how much was asked for at once.</summary>
    private sealed class LargestRead(byte[] content) : MemoryStream(content)
    {
        public int LargestBytes { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            LargestBytes = Math.Max(LargestBytes, buffer.Length);
            return base.ReadAsync(buffer, cancellationToken);
        }
    }

    private sealed class Duplex(Stream input, Stream output) : Stream
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

        public override ValueTask WriteAsync(
            ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            output.WriteAsync(buffer, cancellationToken);

        public override Task FlushAsync(CancellationToken cancellationToken) => output.FlushAsync(cancellationToken);

        public override void Flush() => output.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            input.Dispose();
            output.Dispose();
            base.Dispose(disposing);
        }
    }
}

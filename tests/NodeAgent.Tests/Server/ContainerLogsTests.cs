using System.Globalization;
using System.Text;
using CsCheck;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using OrleansOrchestrator.NodeAgent.Server;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Server;

/// <summary>Reading logs against a naive reader, and following them over rotation.</summary>
public sealed class ContainerLogsTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 11, 23, 5, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly Gen<Line> AnyLine = Gen.Select(
        Gen.Int[0, 3], Gen.Bool, Gen.Int[0, 3], Gen.Char.AlphaNumeric.Array[0, 12],
        (seconds, stderr, part, text) => new Line(seconds, stderr, part == 0, new string(text)));

    private static readonly Gen<LogRequest> AnyRequest = Gen.Select(
        Gen.Int[-1, 8], Gen.Int[-1, 40], Gen.Int[-1, 12], Gen.Bool, Gen.Int[0, 2],
        (tail, limit, since, timestamps, stream) => new LogRequest
        {
            TailLines = tail < 0 ? null : tail,
            LimitBytes = limit < 1 ? null : limit,
            Since = since < 0 ? null : Start.AddSeconds(since),
            Timestamps = timestamps,
            Stream = stream switch { 0 => "All", 1 => "Stdout", _ => "Stderr" },
        });

    private readonly string _directory = Directory.CreateTempSubdirectory("orc-logs-").FullName;

    private string LogPath => Path.Combine(_directory, "0.log");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task What_is_read_is_what_a_naive_reader_reads() => await Gen.Select(AnyLine.List[0, 12], AnyRequest).CheckAsync(
        async (lines, request) =>
        {
            var path = Path.Combine(_directory, Guid.NewGuid().ToString("N"));
            var written = Written(lines);
            await File.WriteAllTextAsync(path, string.Concat(written.Select(w => w.Text + "\n")));
            var output = new MemoryStream();
            await new ContainerLogs(TimeProvider.System).CopyAsync(
                path, request, () => false, output, CancellationToken.None);
            Assert.Equal(Naive(written, request), Encoding.UTF8.GetString(output.ToArray()));
            File.Delete(path);
        },
        cases: 1500);

    [Theory]
    [InlineData(10)]
    [InlineData(400)]
    public async Task A_follower_misses_nothing_over_rotations(int linesPerFile)
    {
        const int Files = 6;
        var output = new SignalingStream();
        var isRunning = true;
        await File.WriteAllTextAsync(LogPath, "");
        var following = new ContainerLogs(TimeProvider.System).CopyAsync(
            LogPath, new LogRequest { Follow = true }, () => Volatile.Read(ref isRunning), output, CancellationToken.None);
        var expected = new StringBuilder();
        for (var file = 0; file < Files; file++)
        {
            if (file > 0)
            {
                // The new file becomes longer at once than what was read of the old one.
                await output.UntilAsync(expected.Length).WaitAsync(Patience);
                File.Move(LogPath, $"{LogPath}.{file}");
            }

            var lines = Enumerable.Range(0, linesPerFile * (file + 1)).Select(i => $"file {file} line {i}").ToList();
            expected.Append(string.Concat(lines.Select(l => l + "\n")));
            await File.WriteAllTextAsync(
                LogPath, string.Concat(lines.Select(l => $"2026-11-23T05:00:00.000000000Z stdout F {l}\n")));
        }

        Volatile.Write(ref isRunning, false);
        await following.WaitAsync(Patience);
        Assert.Equal(expected.ToString(), output.Text);
    }

    // Runtimes leave zeros out at the end of a fraction.
    [Theory]
    [InlineData("05:00:00.5Z", "05:00:00Z", false)]
    [InlineData("05:00:00.5Z", "05:00:00.499999999Z", false)]
    [InlineData("05:00:00.5Z", "05:00:00.5Z", true)]
    [InlineData("05:00:00.5Z", "05:00:00.500000000Z", true)]
    [InlineData("05:00:00.5Z", "05:00:00.50000001Z", true)]
    [InlineData("05:00:00Z", "05:00:00Z", true)]
    [InlineData("05:00:00Z", "04:59:59.9Z", false)]
    [InlineData("05:00:00.123456789Z", "05:00:00.123456789Z", true)]
    [InlineData("05:00:00.1234567899Z", "05:00:00.1234566Z", false)]
    [InlineData("06:00:00.5%2B01:00", "05:00:00.5Z", true)]
    public async Task Lines_from_the_very_moment_on_are_wanted(string since, string written, bool isWanted)
    {
        await File.WriteAllTextAsync(LogPath, $"2026-11-23T{written} stdout F line\n");
        var query = new QueryCollection(QueryHelpers.ParseQuery($"?sinceTime=2026-11-23T{since}&sinceTime=x"));
        var output = new MemoryStream();
        await new ContainerLogs(TimeProvider.System).CopyAsync(
            LogPath, LogRequest.Read(query, Start), () => false, output, CancellationToken.None);
        Assert.Equal(isWanted ? "line\n" : "", Encoding.UTF8.GetString(output.ToArray()));
    }

    private static List<(Line Line, DateTimeOffset Time, string Text)> Written(List<Line> lines)
    {
        var time = Start;
        return [.. lines.Select(line =>
        {
            time = time.AddSeconds(line.Seconds);
            var stamp = time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'00Z'", CultureInfo.InvariantCulture);
            return (line, time, $"{stamp} {(line.IsStderr ? "stderr" : "stdout")} {(line.IsPartial ? "P" : "F")} {line.Text}");
        })];
    }

    private static string Naive(List<(Line Line, DateTimeOffset Time, string Text)> written, LogRequest request)
    {
        var result = new StringBuilder();
        var isContinued = false;
        var wanted = (request.TailLines is { } tail ? written.TakeLast((int)tail) : written)
            .Where(w => request.Since is null || w.Time >= request.Since)
            .Where(w => request.Stream == "All" || w.Line.IsStderr == (request.Stream == "Stderr"));
        foreach (var (line, _, text) in wanted)
        {
            result.Append(request.Timestamps && !isContinued ? text.Split(' ')[0] + " " : "");
            result.Append(line.Text).Append(line.IsPartial ? "" : "\n");
            isContinued = line.IsPartial;
        }

        var all = result.ToString();
        return request.LimitBytes is { } limit && limit < all.Length ? all[..(int)limit] : all;
    }

    private sealed record Line(int Seconds, bool IsStderr, bool IsPartial, string Text);

    /// <summary>Tells when so many bytes have come.</summary>
    private sealed class SignalingStream : MemoryStream
    {
        private readonly Lock _gate = new();
        private readonly List<(long Bytes, TaskCompletionSource Done)> _waiting = [];

        public string Text => Encoding.UTF8.GetString(ToArray());

        public Task UntilAsync(long bytes)
        {
            lock (_gate)
            {
                var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _waiting.Add((bytes, done));
                Signal();
                return done.Task;
            }
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            lock (_gate)
            {
                Write(buffer.Span);
                Signal();
            }

            return ValueTask.CompletedTask;
        }

        private void Signal()
        {
            foreach (var (_, done) in _waiting.Where(w => w.Bytes <= Length))
            {
                done.TrySetResult();
            }
        }
    }
}

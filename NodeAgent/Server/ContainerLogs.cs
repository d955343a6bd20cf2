using System.Buffers;
using System.Globalization;
using System.Text;
using OrleansOrchestrator.NodeAgent.Logs;

namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>Reads container logs from the runtime's files, and follows them across rotation until the container has
/// ended.</summary>
public sealed class ContainerLogs(TimeProvider time)
{
    private const int BufferBytes = 64 * 1024;

    // Runtimes cut lines at 16 KiB; what is longer is no log line, and is passed over.
    private const int MaxLineBytes = 256 * 1024;

    // The file system says when a file grows; this bounds how late the end of a container or a missed notice is seen.
    private static readonly TimeSpan FollowCheck = TimeSpan.FromSeconds(1);

    /// <summary>Writes the log until its end, its bound, or, when following, until <paramref name="isRunning"/> says no
    /// and all is read.</summary>
    public async Task CopyAsync(
        string path, LogRequest request, Func<bool> isRunning, Stream output, CancellationToken cancellationToken)
    {
        using var watcher = request.Follow ? new LogWatcher(path) : null;
        var copy = new LogCopy(request, output);
        var file = LogFile.Open(path);
        var opened = NameOf(file);
        try
        {
            file.Position = request.TailLines is { } lines ? CriLogTail.PositionOf(file, lines) : 0;
            while (true)
            {
                var wasRunning = isRunning();
                await copy.CopyAvailableAsync(file, cancellationToken);
                if (copy.IsFull || !request.Follow)
                {
                    return;
                }

                if (IsReplaced(path, file, opened))
                {
                    // The runtime makes the new file before it stops writing to the old one: only when something is in
                    // the new one is the old one complete.
                    var next = LogFile.Open(path);
                    await copy.CopyAvailableAsync(file, cancellationToken);
                    await file.DisposeAsync();
                    file = next;
                    opened = NameOf(file);
                }
                else if (!wasRunning)
                {
                    return;
                }
                else
                {
                    await watcher!.WaitAsync(FollowCheck, time, cancellationToken);
                }
            }
        }
        finally
        {
            await file.DisposeAsync();
        }
    }

    // Rotation renames the file and makes a new one: the open file is then known by another name.
    private static bool IsReplaced(string path, FileStream file, string? opened) =>
        NameOf(file) != opened && new FileInfo(path) is { Exists: true, Length: > 0 };

    private static string? NameOf(FileStream file) =>
        new FileInfo($"/proc/self/fd/{file.SafeFileHandle.DangerousGetHandle()}").LinkTarget;

    /// <summary>The state of one copy: what is left over of a line, and what may still be sent.</summary>
    private sealed class LogCopy(LogRequest request, Stream output)
    {
        private readonly ArrayBufferWriter<byte> _pending = new();
        private readonly ArrayBufferWriter<byte> _answer = new();
        private readonly byte[] _since = request.Since is { } since
            ? Encoding.ASCII.GetBytes(
                since.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture))
            : [];

        private long _left = request.LimitBytes ?? long.MaxValue;
        private bool _continues;
        private bool _skipsLine;

        public bool IsFull => _left == 0;

        public async Task CopyAvailableAsync(FileStream file, CancellationToken cancellationToken)
        {
            int count;
            while (!IsFull && (count = await file.ReadAsync(_pending.GetMemory(BufferBytes), cancellationToken)) > 0)
            {
                _pending.Advance(count);
                TakeLines();
                await FlushAsync(cancellationToken);
            }
        }

        private void TakeLines()
        {
            var rest = _pending.WrittenSpan;
            int end;
            while ((end = rest.IndexOf((byte)'\n')) >= 0)
            {
                if (!_skipsLine && CriLogLine.TryParse(rest[..end], out var line) && IsWanted(line))
                {
                    Take(line);
                }

                _skipsLine = false;

                rest = rest[(end + 1)..];
            }

            var left = rest.Length <= MaxLineBytes ? rest.ToArray() : [];
            _skipsLine |= left.Length != rest.Length;
            _pending.ResetWrittenCount();
            _pending.Write(left);
        }

        // Of times in UTC, text order is time order, the fraction and its absence apart; the offset form is parsed.
        private bool IsWanted(CriLogLine line)
        {
            if (request.Stream != "All"
                && line.IsStderr != request.Stream.Equals("Stderr", StringComparison.OrdinalIgnoreCase))
            {
                return false;
            }

            if (_since.Length == 0)
            {
                return true;
            }

            return line.Timestamp.EndsWith("Z"u8)
                ? CompareTimes(line.Timestamp, _since) >= 0
                : line.Time >= request.Since;
        }

        // A fraction may have any number of digits, or be missing.
        private static int CompareTimes(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
        {
            const int WholeSeconds = 19;
            var whole = a[..WholeSeconds].SequenceCompareTo(b[..WholeSeconds]);
            return whole != 0 ? whole : Fraction(a[WholeSeconds..]).SequenceCompareTo(Fraction(b[WholeSeconds..]));
        }

        private static ReadOnlySpan<byte> Fraction(ReadOnlySpan<byte> behindSeconds) =>
            behindSeconds.TrimStart((byte)'.').TrimEnd("0Z"u8);

        private void Take(CriLogLine line)
        {
            if (request.Timestamps && !_continues)
            {
                _answer.Write(line.Timestamp);
                _answer.Write(" "u8);
            }

            _answer.Write(line.Content);
            if (!line.IsPartial)
            {
                _answer.Write("\n"u8);
            }

            _continues = line.IsPartial;
        }

        private async Task FlushAsync(CancellationToken cancellationToken)
        {
            var bytes = _answer.WrittenMemory[..(int)Math.Min(_left, _answer.WrittenCount)];
            if (bytes.Length > 0)
            {
                await output.WriteAsync(bytes, cancellationToken);
                await output.FlushAsync(cancellationToken);
                _left -= bytes.Length;
            }

            _answer.ResetWrittenCount();
        }
    }

    /// <summary>Wakes a follower when the directory of its file changes.</summary>
    private sealed class LogWatcher : IDisposable
    {
        private readonly FileSystemWatcher _watcher;
        private readonly SemaphoreSlim _changed = new(0, 1);

        public LogWatcher(string path)
        {
            // Log directories hold links into others; the file that grows is where the link points.
            var target = new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path;
            _watcher = new FileSystemWatcher(Path.GetDirectoryName(target)!)
            {
                NotifyFilter = NotifyFilters.LastWrite | NotifyFilters.Size | NotifyFilters.FileName,
            };
            _watcher.Changed += (_, _) => Signal();
            _watcher.Created += (_, _) => Signal();
            _watcher.EnableRaisingEvents = true;
        }

        public async Task WaitAsync(TimeSpan atMost, TimeProvider time, CancellationToken cancellationToken)
        {
            using var timeout = new CancellationTokenSource(atMost, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            await _changed.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }

        public void Dispose() => _watcher.Dispose();

        private void Signal()
        {
            lock (_watcher)
            {
                if (_changed.CurrentCount == 0)
                {
                    _changed.Release();
                }
            }
        }
    }
}

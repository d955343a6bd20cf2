using System.IO.Compression;
using System.Text;
using CsCheck;
using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.Logs.Search;
using OrleansOrchestrator.NodeAgent.Logs.Shipping;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Logs.Shipping;

/// <summary>
/// Whatever happens to the files, each line is sent once and in its order: lines are written whole or in parts, files
/// are rotated and compressed, the cluster refuses, the agent starts again, and at last all is deleted.
/// </summary>
public sealed class ContainerLogTests
{
    private enum Step
    {
        Write,
        WritePart,
        Rotate,
        Compress,
        Send,
        SendInVain,
        Restart,
    }

    [Fact]
    public void Every_line_is_sent_once_and_in_order() =>
        Gen.Select(Gen.Enum<Step>(), Gen.Int[0, 3]).Array[1, 60].Check(static steps =>
        {
            using var node = new Node();
            foreach (var (step, source) in steps)
            {
                node.Do(step, source);
            }

            node.End();
            Assert.Equal(node.Written, node.Kept);
        }, cases: 300);

    [Fact]
    public void What_is_deleted_after_a_look_is_sent_all_the_same()
    {
        using var node = new Node();
        node.Do(Step.Write, 0);
        node.Do(Step.Rotate, 0);
        node.Do(Step.Write, 0);
        node.Log.Look();
        node.Delete();
        node.Do(Step.Send, 0);
        node.Do(Step.Send, 0);
        Assert.Equal(node.Written, node.Kept);
        Assert.True(node.Log.IsGone);
        Assert.Equal(0, node.Log.FilesLost);
    }

    [Fact]
    public void What_was_removed_unread_is_counted_and_the_rest_is_sent()
    {
        using var node = new Node();
        node.Do(Step.Write, 0);
        node.Do(Step.Send, 0);
        var read = node.Written.Count;
        node.Do(Step.Restart, 0);
        node.Do(Step.Rotate, 0);
        node.Do(Step.Write, 0);
        node.Do(Step.Rotate, 0);
        node.DeleteRotated();
        node.Do(Step.Write, 0);
        node.Do(Step.Send, 0);
        Assert.Equal([.. node.Written.Take(read), node.Written[^1]], node.Kept);
        Assert.Equal(1, node.Log.FilesLost);
    }

    [Fact]
    public void Lines_that_begin_with_a_blank_belong_to_the_one_before_when_that_is_wanted()
    {
        using var node = new Node();
        node.Log.Joins = true;
        node.WriteRaw("boom", "  at a", "\tat b", "next");
        node.Do(Step.Send, 0);
        Assert.Equal(["boom\n  at a\n\tat b"], node.Kept);
        node.Do(Step.Send, 0);
        Assert.Equal(["boom\n  at a\n\tat b", "next"], node.Kept);
    }

    /// <summary>A container's directory, what was written to it, and what the cluster has.</summary>
    private sealed class Node : IDisposable
    {
        private readonly string _root = Directory.CreateTempSubdirectory("orc-logs").FullName;
        private readonly string _directory;
        private readonly string?[] _parts = new string?[2];
        private long _time = 1_700_000_000_000_000_000;
        private int _rotations;
        private LogPosition _position;

        public Node()
        {
            _directory = Path.Combine(_root, "a_web_uid", "main");
            Directory.CreateDirectory(_directory);
            Log = Open();
        }

        public List<string> Written { get; } = [];

        public List<string> Kept { get; } = [];

        public ContainerLog Log { get; private set; }

        private string Current => Path.Combine(_directory, "0.log");

        public void Do(Step step, int source)
        {
            switch (step)
            {
                case Step.Write:
                    Write(source % 2, isPart: false);
                    break;
                case Step.WritePart:
                    Write(source % 2, isPart: true);
                    break;
                case Step.Rotate when File.Exists(Current) && _parts is [null, null]:
                    File.Move(Current, $"{Current}.{_rotations++:D8}");
                    File.WriteAllText(Current, "");
                    break;
                case Step.Compress:
                    Compress();
                    break;
                case Step.Send:
                    Send(isKept: true);
                    break;
                case Step.SendInVain:
                    Send(isKept: false);
                    break;
                case Step.Restart:
                    Log.Dispose();
                    Log = Open();
                    break;
            }
        }

        public void WriteRaw(params string[] lines) => File.AppendAllLines(Current,
            lines.Select(l => $"{Stamp()} stdout F {l}"));

        public void End()
        {
            for (var source = 0; source < 2; source++)
            {
                if (_parts[source] is not null)
                {
                    Write(source, isPart: false);
                }
            }

            // A file is left one round after its end was seen.
            for (var i = 0; i < (2 * _rotations) + 3; i++)
            {
                Send(isKept: true);
            }
        }

        public void Delete() => Directory.Delete(Path.Combine(_root, "a_web_uid"), recursive: true);

        public void DeleteRotated()
        {
            foreach (var file in Rotated())
            {
                File.Delete(file);
            }
        }

        public void Dispose()
        {
            Log.Dispose();
            Directory.Delete(_root, recursive: true);
        }

        private List<string> Rotated() => [.. Directory.GetFiles(_directory).Where(f => f != Current)];

        private ContainerLog Open()
        {
            var log = new ContainerLog(_directory, new StreamName("a", "web", "uid", "main", 0));
            log.Open(new LogStreamAnswer(7, _position.File, _position.Offset, _position.Sequence));
            return log;
        }

        private string Stamp() => LogTime.Format(_time += 1000);

        private void Write(int source, bool isPart)
        {
            var text = $"text-{_time}";
            File.AppendAllText(Current,
                $"{Stamp()} {(source == 0 ? "stdout" : "stderr")} {(isPart ? 'P' : 'F')} {text}\n");
            _parts[source] += text;
            if (!isPart)
            {
                Written.Add(_parts[source]!);
                _parts[source] = null;
            }
        }

        private void Compress()
        {
            var plain = Rotated().Where(static f => !f.EndsWith(".gz", StringComparison.Ordinal));
            if (plain.Order(StringComparer.Ordinal).FirstOrDefault() is not { } file)
            {
                return;
            }

            using (var source = File.OpenRead(file))
            using (var target = File.Create(file + ".tmp"))
            using (var gzip = new GZipStream(target, CompressionLevel.Fastest))
            {
                source.CopyTo(gzip);
            }

            File.Move(file + ".tmp", file + ".gz");
            File.Delete(file);
        }

        private void Send(bool isKept)
        {
            Log.Look();
            var lines = new LineBlock();
            if (Log.Read(lines, 1 << 20) is not { } run)
            {
                return;
            }

            if (!isKept)
            {
                Log.GoBack();
                return;
            }

            Assert.Equal((_position.Sequence, lines.Count), (run.Sequence, run.Count));
            Log.Keep(run);
            _position = run.After;
            for (var i = 0; i < lines.Count; i++)
            {
                Kept.Add(Encoding.UTF8.GetString(lines.Text(i)));
            }
        }
    }
}

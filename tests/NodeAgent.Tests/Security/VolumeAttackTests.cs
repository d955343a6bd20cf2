using System.ComponentModel;
using System.Text;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Logs;
using OrleansOrchestrator.NodeAgent.Volumes;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Security;

/// <summary>
/// A container that can write in a volume turns parts of it into links to the host; the agent, which is root, must
/// neither write, remove nor read there.
/// </summary>
public sealed class VolumeAttackTests : IDisposable
{
    private const int Rounds = 300;
    private const int LargeBytes = 32 << 20;

    private readonly string _root = Directory.CreateTempSubdirectory("orc-attack-").FullName;

    public VolumeAttackTests()
    {
        Directory.CreateDirectory(Volume);
        Directory.CreateDirectory(Path.Combine(Host, "d"));
        File.WriteAllText(Path.Combine(Host, "a"), "precious");
        File.WriteAllText(Path.Combine(Host, "d", "b"), "precious");
    }

    private string Volume => Path.Combine(_root, "volume");

    private string Host => Path.Combine(_root, "host");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    /// <summary>What a container may have made of the volume, by name.</summary>
    public static TheoryData<string> Traps => [.. Prepared.Keys];

    private static readonly Dictionary<string, Action<VolumeAttackTests>> Prepared = new()
    {
        ["the current directory is a link"] = t => t.SwapForLink(t.Current, t.Host),
        ["a directory in the current one is a link"] = t =>
            t.SwapForLink(Path.Combine(t.Current, "d"), Path.Combine(t.Host, "d")),
        ["a file in the current one is a link"] = t =>
            t.SwapForLink(Path.Combine(t.Current, "a"), Path.Combine(t.Host, "a")),
        ["..data leads out"] = t => t.SwapForLink(t.In("..data"), t.Host),
        ["..data leads out by way of .."] = t => t.SwapForLink(t.In("..data"), "../host"),
        ["..data leads to a copy"] = t =>
        {
            Directory.CreateDirectory(t.In("x"));
            Linux.Rename(t.Current, t.In("x/y"));
            t.SwapForLink(t.In("..data"), "x/y");
        },
        ["..data is a directory"] = t =>
        {
            File.Delete(t.In("..data"));
            Directory.CreateDirectory(t.In("..data/sub"));
        },
        ["..data_tmp leads out"] = t => File.CreateSymbolicLink(t.In("..data_tmp"), t.Host),
        ["..data_tmp is a directory"] = t => Directory.CreateDirectory(t.In("..data_tmp/sub")),
        ["a visible name leads out"] = t => t.SwapForLink(t.In("a"), Path.Combine(t.Host, "a")),
        ["a visible name is a file"] = t =>
        {
            File.Delete(t.In("a"));
            File.WriteAllText(t.In("a"), "mine");
        },
        ["a visible directory leads out"] = t => t.SwapForLink(t.In("d"), Path.Combine(t.Host, "d")),
        ["a visible directory is one"] = t =>
        {
            File.Delete(t.In("d"));
            Directory.CreateDirectory(t.In("d"));
        },
        ["a link that nobody asked for leads out"] = t => File.CreateSymbolicLink(t.In("other"), t.Host),
        ["a deep tree lies in the current directory"] = t => t.MakeDeep(t.Current),
        ["a pipe has the name of a file"] = t =>
        {
            File.Delete(Path.Combine(t.Current, "a"));
            using var made = System.Diagnostics.Process.Start("mkfifo", Path.Combine(t.Current, "a"));
            made.WaitForExit();
        },
    };

    [Theory]
    [MemberData(nameof(Traps))]
    public void A_volume_is_written_and_the_host_is_not(string trap)
    {
        Write("1");
        Prepared[trap](this);

        Write("1");
        AssertWhole("1");

        Prepared[trap](this);

        Write("2");
        AssertWhole("2");
    }

    [Fact]
    public async Task Swapping_what_is_being_written_for_links_leads_nowhere()
    {
        using var attack = new CancellationTokenSource();
        var attacker = Task.Factory.StartNew(
            () => SwapAll(attack.Token), attack.Token, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        for (var round = 0; round < Rounds; round++)
        {
            try
            {
                Write($"{round}");
            }
            catch (Exception refused) when (refused is Win32Exception or IOException or UnauthorizedAccessException)
            {
                AssertHostIsWhole(); // refused, and the next round tries again
            }
        }

        await attack.CancelAsync();
        await attacker;
        AssertHostIsWhole();
        Write("end");
        AssertWhole("end");
    }

    [Fact]
    public async Task Swapping_what_is_being_removed_or_measured_for_links_leads_nowhere()
    {
        using var attack = new CancellationTokenSource();
        var attacker = Task.Factory.StartNew(
            () => SwapAll(attack.Token), attack.Token, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        File.WriteAllBytes(Path.Combine(Host, "large"), new byte[LargeBytes]);
        using var volume = HeldDirectory.Open(Volume);

        for (var round = 0; round < Rounds; round++)
        {
            try
            {
                using (var made = volume.MakeDirectory("..2", OwnFiles.PrivateDirectory))
                {
                    made.MakeDirectory("d", OwnFiles.PrivateDirectory).Dispose();
                }

                Assert.InRange(FileTrees.UsageOf(Volume).Bytes, 0, LargeBytes - 1);
                FileTrees.Remove(volume, "..2");
            }
            catch (Exception refused) when (refused is Win32Exception or IOException)
            {
                AssertHostIsWhole();
                Linux.Unlink(In("..2"));
            }
        }

        await attack.CancelAsync();
        await attacker;
        AssertHostIsWhole();
    }

    [Fact]
    public void Measuring_and_removing_follow_no_link()
    {
        File.WriteAllBytes(Path.Combine(Host, "large"), new byte[LargeBytes]);
        File.CreateSymbolicLink(In("link"), Host);
        using var volume = HeldDirectory.Open(Volume);

        Assert.InRange(FileTrees.UsageOf(Volume).Bytes, 0, LargeBytes - 1);
        Assert.Throws<Win32Exception>(() => volume.OpenDirectory("link"));
        Assert.Throws<Win32Exception>(() => volume.OpenDirectory(".."));
        Assert.Throws<Win32Exception>(() => volume.OpenFile("link/a"));
        Assert.False(volume.HasContent("link/a", "precious"u8));
        FileTrees.Remove(volume, "link");

        AssertHostIsWhole();
        Assert.Empty(volume.Entries());
    }

    [Theory]
    [InlineData("pod")]
    [InlineData("pod/c")]
    [InlineData("pod/c/0.log")]
    public void A_log_that_is_a_link_is_not_read(string link)
    {
        Directory.CreateDirectory(Path.Combine(Host, "pod", "c"));
        File.WriteAllText(Path.Combine(Host, "pod", "c", "0.log"), "2026-01-01T00:00:00Z stdout F precious\n");
        Directory.CreateDirectory(Path.GetDirectoryName(In(link))!);
        File.CreateSymbolicLink(In(link), Path.Combine(Host, link));

        Assert.Throws<IOException>(() => LogFile.Open(In("pod/c/0.log")));
        Assert.Equal("", CriLogTail.Read(In("pod/c/0.log"), 10, 1000));
        Assert.Equal("precious\n", CriLogTail.Read(Path.Combine(Host, "pod", "c", "0.log"), 10, 1000));
    }

    [Fact]
    public void A_subPath_never_leads_out_of_its_volume()
    {
        Assert.SkipUnless(Linux.IsRoot, "needs root");
        File.CreateSymbolicLink(In("absolute"), Host);
        File.CreateSymbolicLink(In("relative"), "../host");
        Directory.CreateDirectory(In("real"));
        File.CreateSymbolicLink(In("inside"), "real");
        var target = Path.Combine(_root, "target", "0");

        foreach (var trap in new[] { "absolute", "relative", "absolute/d", "absolute/new", "relative/new" })
        {
            Assert.Throws<Win32Exception>(() => SubPaths.Prepare(Volume, trap, target));
        }

        Assert.Equal(target, SubPaths.Prepare(Volume, "inside/new", target));
        Assert.True(Directory.Exists(In("real/new")));
        TestMounts.UnmountBelow(_root);
        AssertHostIsWhole();
    }

    /// <summary>Whatever directory there is becomes a link to the host, again and again.</summary>
    private void SwapAll(CancellationToken stop)
    {
        var count = 0;
        while (!stop.IsCancellationRequested)
        {
            var theirs = new DirectoryInfo(Volume).EnumerateDirectories()
                .Where(d => d.LinkTarget is null && !d.Name.StartsWith("..stolen", StringComparison.Ordinal));
            foreach (var name in theirs.Select(d => d.Name).ToList())
            {
                try
                {
                    Linux.Rename(In(name), In($"..stolen{count++}"));
                    File.CreateSymbolicLink(In(name), Host);
                }
                catch (Exception late) when (late is IOException or Win32Exception)
                {
                    count++; // the agent was faster
                }
            }
        }
    }

    private string Current => In(new FileInfo(In("..data")).LinkTarget!);

    private string In(string name) => Path.Combine(Volume, name);

    private void SwapForLink(string path, string target)
    {
        if (new FileInfo(path).LinkTarget is null)
        {
            Linux.Rename(path, In("..stolen"));
        }
        else
        {
            File.Delete(path);
        }

        File.CreateSymbolicLink(path, target);
    }

    private void MakeDeep(string path)
    {
        var held = HeldDirectory.Open(path);
        for (var depth = 0; depth < 1500; depth++)
        {
            var next = held.MakeDirectory("x", OwnFiles.PrivateDirectory);
            held.Dispose();
            held = next;
        }

        held.Dispose();
    }

    private void Write(string content)
    {
        var files = new[] { "a", "d/b" }.ToDictionary(
            p => p, _ => new VolumeFile(Encoding.UTF8.GetBytes(content), 0x1A4));
        using var volume = HeldDirectory.Open(Volume);
        new AtomicWriter(volume, TimeProvider.System).Write(files, null);
    }

    private void AssertWhole(string content)
    {
        AssertHostIsWhole();
        Assert.Equal(content, File.ReadAllText(In("a")));
        Assert.Equal(content, File.ReadAllText(In("d/b")));
        Assert.Equal(
            [new FileInfo(In("..data")).LinkTarget!, "..data", "a", "d"],
            Directory.EnumerateFileSystemEntries(Volume).Select(e => Path.GetFileName(e)!)
                .Order(StringComparer.Ordinal));
    }

    private void AssertHostIsWhole()
    {
        Assert.Equal("precious", File.ReadAllText(Path.Combine(Host, "a")));
        Assert.Equal("precious", File.ReadAllText(Path.Combine(Host, "d", "b")));
        Assert.Equal(
            ["a", "d", "d/b"],
            Directory.EnumerateFileSystemEntries(Host, "*", SearchOption.AllDirectories)
                .Select(e => Path.GetRelativePath(Host, e)).Where(e => e != "large").Order(StringComparer.Ordinal));
    }
}

using System.Text;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Node;

public sealed class OomWatcherTests
{
    private const string Begins = "4,1,55820631990,-;a invoked oom-killer: gfp_mask=0xcc0\n SUBSYSTEM=memory\n";
    private const string InGroup =
        "6,2,1,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),oom_memcg=/g,task_memcg=/g,task=a,pid=1,uid=0\n";

    [Fact]
    public async Task A_machine_that_is_short_is_an_event_of_its_node_and_a_group_is_none()
    {
        var told = await FollowAsync(
            Begins, InGroup, Begins, "3,9,1,c;Out of memory: Killed process 42 (hog) total-vm:1kB\n",
            "6,10,1,-;fine\n");

        var only = Assert.Single(told);
        Assert.Equal(
            ("Warning", "SystemOOM", "System OOM encountered, victim process: hog, pid: 42"),
            (only.Type, only.Reason, only.Message));
        Assert.Equal(
            ("Node", "n1", "n1"),
            (only.InvolvedObject.Kind, only.InvolvedObject.Name, only.InvolvedObject.Uid));
    }

    [Fact]
    public async Task Records_that_are_gone_are_missed_and_no_more() => Assert.Equal(
        ["System OOM encountered, victim process: hog, pid: 42"],
        (await FollowAsync(Begins, null, "3,9,1,-;Killed process 42 (hog)\n")).Select(static e => e.Message));

    [Fact]
    public async Task A_process_that_is_not_told_is_left_out() => Assert.Equal(
        ["System OOM encountered"],
        (await FollowAsync(Begins, "3,9,1,-;Killed process 0 (hog)\n")).Select(static e => e.Message));

    [Fact]
    public void The_kernel_gives_a_record_at_a_time()
    {
        const int some = 3;
        Assert.SkipUnless(Linux.IsRoot && File.Exists(OomWatcher.KernelLog), "needs the kernel's log");
        Assert.SkipUnless(HasRecords(some), "the kernel's log is empty here");
        using var log = OomWatcher.Open();
        var buffer = new byte[OomWatcher.LongestRecord];
        for (var i = 0; i < some; i++)
        {
            var record = Encoding.UTF8.GetString(buffer, 0, Read(log, buffer));
            Assert.Matches(@"^\d+,\d+,\d+,[^\n]*;[^\n]*\n( [^\n]*\n)*$", record);
        }
    }

    /// <summary>The next record; those that the kernel has written over meanwhile are passed by.</summary>
    private static int Read(Stream log, byte[] buffer)
    {
        const int overwritten = 32;
        while (true)
        {
            try
            {
                return log.Read(buffer, 0, buffer.Length);
            }
            catch (IOException gone) when (gone.HResult == overwritten)
            {
                // the next read begins at the oldest that is left
            }
        }
    }

    /// <summary>Whether so many can be read without waiting for them.</summary>
    private static bool HasRecords(int count)
    {
        const int tryAgain = 11;
        using var directory = Linux.OpenDirectory(Path.GetDirectoryName(OomWatcher.KernelLog)!);
        using var log = new FileStream(
            Linux.OpenFile(directory, Path.GetFileName(OomWatcher.KernelLog), FileOpening.Reading, 0),
            FileAccess.Read, bufferSize: 0);
        try
        {
            var buffer = new byte[OomWatcher.LongestRecord];
            return Enumerable.Range(0, count).All(_ => Read(log, buffer) > 0);
        }
        catch (IOException none) when (none.HResult == tryAgain)
        {
            return false;
        }
    }

    /// <summary>The events that come of these records; null for some that the kernel has no more.</summary>
    private static async Task<IReadOnlyList<Corev1Event>> FollowAsync(params string?[] records)
    {
        var api = new FakeCluster();
        var options = new NodeAgentOptions { NodeName = "n1" };
        using var events = new EventRecorder(api, options, TimeProvider.System, NullLogger<EventRecorder>.Instance);
        var rest = new Queue<string?>(records);
        new OomWatcher(events, NullLogger<OomWatcher>.Instance).Follow((buffer, start, _) =>
            !rest.TryDequeue(out var record) ? 0
            : record is null ? throw new IOException("Broken pipe", 32)
            : Encoding.UTF8.GetBytes(record, 0, record.Length, buffer, start));
        events.Node(EventRecorder.Normal, "Last", "");
        await events.StartAsync(TestContext.Current.CancellationToken);
        await api.UntilAsync(() => api.Events.Any(static e => e.Reason == "Last"), static () => "all events");
        await events.StopAsync(TestContext.Current.CancellationToken);
        return [.. api.Events.Where(static e => e.Reason != "Last")];
    }
}

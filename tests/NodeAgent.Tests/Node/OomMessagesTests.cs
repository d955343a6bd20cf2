using OrleansOrchestrator.NodeAgent.Node;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Node;

/// <summary>What kernels, old and new, write when they kill a process for memory.</summary>
public sealed class OomMessagesTests
{
    private const string Begins = "memhog invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP)";
    private const string Group = "/orc/burstable/pod1";

    private const string OfGroup =
        "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=7b54,mems_allowed=0,oom_memcg=" + Group +
        ",task_memcg=" + Group + "/7b54,task=sh, with=signs,pid=5862,uid=0";

    private const string OfMachine =
        "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom," +
        "task_memcg=/user.slice,task=memhog,pid=130148,uid=1000";

    private const string Killed = "Out of memory: Killed process 130148 (memhog) total-vm:20972kB, anon-rss:16992kB";

    [Fact]
    public void A_machine_that_is_short_kills_for_no_group() => Assert.Equal(
        [new OomKill("/", "memhog", 130148)], Kills(Begins, "Call Trace:", "Mem-Info:", OfMachine, Killed));

    [Fact]
    public void A_group_that_is_full_is_named_with_its_process() => Assert.Equal(
        [new OomKill(Group, "sh, with=signs", 5862)],
        Kills(Begins, "memory: usage 1024kB, limit 1024kB", OfGroup, "Memory cgroup out of memory: " + Killed));

    [Fact]
    public void An_old_kernel_names_the_group_before_the_process() => Assert.Equal(
        [new OomKill("/mem2", "badsysprogram", 19667)],
        Kills(
            Begins, "Task in /mem2/inner killed as a result of limit of /mem2",
            "Killed process 19667 (badsysprogram) total-vm:1460016kB, anon-rss:1414008kB, file-rss:4kB"));

    [Fact]
    public void Each_kill_is_told_once_and_for_its_own_group() => Assert.Equal(
        [new OomKill(Group, "sh, with=signs", 5862), new OomKill("/", "memhog", 130148)],
        Kills(Begins, OfGroup, Killed, "eth0: link up", Begins, OfMachine, Killed, Killed));

    [Theory]
    [InlineData("Out of memory: Killed process 130148 (memhog) total-vm:20972kB")]
    [InlineData(OfGroup)]
    [InlineData("")]
    public void What_no_kill_began_is_none(string message) => Assert.Empty(Kills(message));

    [Fact]
    public void A_number_that_is_no_process_is_none() => Assert.Equal(
        [new OomKill("/", "x", 0)], Kills(Begins, "Killed process 99999999999 (x)"));

    private static IEnumerable<OomKill> Kills(params string[] messages)
    {
        var reader = new OomMessages();
        return [.. messages.Select(reader.Next).OfType<OomKill>()];
    }
}

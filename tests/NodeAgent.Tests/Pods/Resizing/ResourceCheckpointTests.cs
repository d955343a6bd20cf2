using OrleansOrchestrator.NodeAgent.Pods.Resizing;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Pods.Resizing.SizedPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods.Resizing;

public sealed class ResourceCheckpointTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("orc-checkpoint-").FullName;

    private string File => Path.Combine(_directory, "state");

    private ResourceCheckpoint New() => new(_directory, "state");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void What_was_given_is_known_to_the_next_agent()
    {
        var pod = Pod("100m/64Mi 200m/32Mi");
        pod.Spec.Resources = Both("1/1Gi");
        var first = New();
        first.Set("u", PodAmounts.Of(pod));
        first.SetContainer("u", "b", Both("300m/32Mi"));
        first.SetPod("v", Both("2/2Gi"));
        first.Set("gone", PodAmounts.Of(pod));
        first.Remove("gone");
        first.SetPod("last", Both("1/1Gi"));

        var second = New();

        Assert.Equal("300m", second.Get("u")!.Containers["b"].Limits["cpu"].ToString());
        Assert.Equal("64Mi", second.Get("u")!.Containers["a"].Requests["memory"].ToString());
        Assert.Equal("1Gi", second.Get("u")!.Pod!.Limits["memory"].ToString());
        Assert.Equal("2", second.Get("v")!.Pod!.Requests["cpu"].ToString());
        Assert.Null(second.Get("gone"));
        second.Keep(new HashSet<string> { "v" });
        Assert.Null(second.Get("u"));
        Assert.NotNull(New().Get("u")); // nothing was given since: the next agent is told to keep the same
    }

    [Fact]
    public void Only_news_is_written()
    {
        var checkpoint = New();
        checkpoint.Set("best-effort", PodAmounts.Of(Pod("-/-")));
        checkpoint.SetPod("best-effort", null);
        Assert.False(System.IO.File.Exists(File));

        checkpoint.SetContainer("u", "a", Both("1/1Gi"));
        System.IO.File.Delete(File);
        checkpoint.SetContainer("u", "a", Both("1000m/1024Mi"));
        checkpoint.Keep(new HashSet<string> { "u" });

        Assert.False(System.IO.File.Exists(File));
    }

    [Fact]
    public void What_could_not_be_written_is_written_later()
    {
        var later = Path.Combine(_directory, "later");
        var checkpoint = new ResourceCheckpoint(later, "state");
        Assert.ThrowsAny<IOException>(() => checkpoint.SetContainer("u", "a", Both("1/1Gi")));
        Assert.Null(checkpoint.Get("u"));
        Directory.CreateDirectory(later);

        checkpoint.SetContainer("u", "a", Both("1/1Gi"));

        Assert.NotNull(new ResourceCheckpoint(later, "state").Get("u"));
    }

    [Fact]
    public void Nobody_else_reads_it()
    {
        New().Set("u", PodAmounts.Of(Pod("100m/64Mi")));

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
        Assert.Equal([File], Directory.EnumerateFiles(_directory));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"u\":")]
    [InlineData("[]")]
    [InlineData("{\"u\":{}}")]
    public void A_damaged_file_is_told_with_its_remedy(string text)
    {
        System.IO.File.WriteAllText(File, text);

        var problem = Assert.Throws<InvalidDataException>(New);

        Assert.EndsWith(
            $", please drain this node and delete pod resource information checkpoint file \"{File}\" before " +
            "restarting Kubelet",
            problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pod_that_asks_for_what_it_was_given_is_left_alone()
    {
        var pod = Pod("1000m/64Mi");
        var given = PodAmounts.Of(Pod("1/65536Ki"));

        Assert.Same(pod, given.ApplyTo(pod));
        Assert.Equal("1", given.ApplyTo(Pod("2/64Mi")).Spec.Containers[0].Resources.Requests["cpu"].ToString());
    }
}

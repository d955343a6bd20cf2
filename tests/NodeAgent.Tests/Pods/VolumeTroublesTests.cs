using OrleansOrchestrator.NodeAgent.Pods;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using OrleansOrchestrator.NodeAgent.Volumes;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods;

/// <summary>What is told of volumes, and when.</summary>
public sealed class VolumeTroublesTests
{
    private const string Missing =
        "Unable to attach or mount volumes: unmounted volumes=[a], unattached volumes=[], failed to process "
        + "volumes=[]: context deadline exceeded";

    private readonly ManualTime _time = new();
    private readonly VolumeTroubles _troubles;

    public VolumeTroublesTests() => _troubles = new VolumeTroubles(_time);

    [Fact]
    public void Each_volume_has_its_own_event()
    {
        Assert.Equal(["one", "two"], Note(Problem("a", "one"), Problem("b", "two")));
        Assert.Equal(["three"], Note(Problem("a", "one"), Problem("b", "three")));
        Assert.Empty(Note(Problem("a", "one")));
        Assert.Equal(["three"], Note(Problem("a", "one"), Problem("b", "three")));
        _troubles.Clear();
        Assert.Equal(["one"], Note(Problem("a", "one")));
    }

    /// <summary>By the tries of upstream: about nine times in three minutes, and then every two.</summary>
    [Fact]
    public void What_lasts_is_told_again_after_pauses_that_grow_and_what_is_missing_after_two_minutes()
    {
        var told = new List<(double Second, string Message)>();
        var start = _time.Now;
        for (; _time.Now - start < TimeSpan.FromMinutes(10); _time.Now += TimeSpan.FromMilliseconds(250))
        {
            told.AddRange(Note(Problem("a", "one")).Select(m => ((_time.Now - start).TotalSeconds, m)));
        }

        Assert.Equal(
            [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 63.5, 127.5, 249.5, 371.5, 493.5],
            told.Where(static t => t.Message == "one").Select(static t => t.Second));
        Assert.Equal([123, 246, 369, 492], told.Where(static t => t.Message == Missing).Select(static t => t.Second));
    }

    [Fact]
    public void What_tells_of_several_volumes_is_enough()
    {
        Note(Problem("", "all"));
        _time.Now += TimeSpan.FromMinutes(5);
        Assert.Equal(["all"], Note(Problem("", "all")));
    }

    [Fact]
    public void Problems_of_the_whole_pod_have_an_event_each()
    {
        Assert.Equal(["one", "two"], Note(Problem("", "one"), Problem("", "two")));
        Assert.Empty(Note(Problem("", "one"), Problem("", "two")));
        Assert.Equal(["three"], Note(Problem("", "two"), Problem("", "three")));
        Assert.Equal(["one"], Note(Problem("", "one"), Problem("", "two")));
    }

    private IEnumerable<string> Note(params VolumeException[] problems) =>
        [.. _troubles.Note(problems).Select(static t => t.Message)];

    private static VolumeException Problem(string volume, string message) => new(message) { Volume = volume };
}

using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Autoscaling.HorizontalPodAutoscalers;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Autoscaling.HorizontalPodAutoscalers;

public sealed class ReplicaCalculatorTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly Tolerances Usual = new(0.1, 0.1);

    /// <summary>Pods by letters: r ready, u unready, m without figure, p pending, f failed, d going.</summary>
    [Theory]
    [InlineData("rr", 100, 50, 4)]
    [InlineData("rr", 50, 50, 2)]
    [InlineData("rr", 54, 50, 2)]
    [InlineData("rr", 56, 50, 3)]
    [InlineData("rrrr", 20, 50, 2)]
    [InlineData("rrf", 100, 50, 4)]
    [InlineData("rrd", 100, 50, 4)]
    [InlineData("ru", 100, 50, 2)]
    [InlineData("rp", 100, 50, 2)]
    [InlineData("ruu", 30, 50, 1)]
    [InlineData("rm", 100, 50, 2)]
    [InlineData("rm", 20, 50, 2)]
    [InlineData("rrm", 100, 150, 3)]
    [InlineData("rrm", 10, 300, 2)]
    [InlineData("rrmm", 200, 50, 8)]
    public void Pods_without_a_figure_count_for_the_careful_side(string pods, int percent, int target, int expected)
    {
        var (all, figures) = Make(pods, percent);
        var proposal = ReplicaCalculator.ByUtilization(
            all, figures, new ResourceTarget("cpu", "", target), all.Length, Usual, Now);
        Assert.Equal((expected, null), (proposal.Replicas, proposal.Failure));
    }

    [Fact]
    public void Without_odd_pods_the_number_is_the_ceiling_of_the_ratio()
    {
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 400], Gen.Int[1, 200]).Check((count, percent, target) =>
        {
            var (all, figures) = Make(new string('r', count), percent);
            var ratio = (double)percent / target;
            var naive = Math.Abs(1 - ratio) <= 0.1 + 1e-9 ? count : (int)Math.Ceiling(ratio * count);
            var found = ReplicaCalculator.ByUtilization(
                all, figures, new ResourceTarget("cpu", "", target), count, Usual, Now).Replicas;

            // At the very edge of the tolerance both are right.
            return found == naive || Math.Abs(Math.Abs(1 - ratio) - 0.1) < 1e-6;
        });
    }

    [Fact]
    public void Odd_pods_never_turn_the_direction()
    {
        Gen.Select(Gen.Char["rumpfd"].Array[1, 12], Gen.Int[1, 400], Gen.Bool)
            .Check((letters, percent, isAverage) =>
        {
            var (all, figures) = Make(new string(letters), percent);
            var live = letters.Count(c => c is not ('f' or 'd'));
            var target = new ResourceTarget("cpu", "", 50);
            var proposal = isAverage
                ? ReplicaCalculator.ByAverage(all, figures, target, live, Usual, Now)
                : ReplicaCalculator.ByUtilization(all, figures, target, live, Usual, Now);
            return proposal.Failure is not null
                || (percent > 50 ? proposal.Replicas >= Math.Min(live, letters.Count(c => c == 'r'))
                    : proposal.Replicas <= Math.Max(live, 1));
        });
    }

    [Theory]
    [InlineData("", "no pods returned by selector while calculating replica count")]
    [InlineData("m", "did not receive metrics for targeted pods (pods might be unready)")]
    [InlineData("n", "missing request for cpu in container main of Pod p0")]
    public void What_cannot_be_computed_is_said(string pods, string why)
    {
        var (all, figures) = Make(pods, 100);
        var target = new ResourceTarget("cpu", "", 50);
        Assert.Equal(why, ReplicaCalculator.ByUtilization(all, figures, target, 1, Usual, Now).Failure);
    }

    /// <summary>A pod uses 100m, and its container asks for 100m (r) or for nothing (n).</summary>
    [Theory]
    [InlineData("r", "cpu", null, 25, null)]
    [InlineData("r", "cpu", "100m", 20, null)]
    [InlineData("r", "memory", null, 100, null)]
    [InlineData("r", "memory", "100m", 50, null)]
    [InlineData("n", "memory", null, 0, "missing pod-level request for cpu in Pod p0")]
    public void What_a_pod_asks_for_as_a_whole_counts_instead_of_its_containers(
        string pods, string resource, string? overhead, int percent, string? why)
    {
        var (all, figures) = Make(pods, 100);
        all[0].Spec.Resources = new V1ResourceRequirements
        {
            Requests = new Dictionary<string, ResourceQuantity> { [resource] = new("400m") },
        };
        all[0].Spec.Overhead =
            overhead is null ? null : new Dictionary<string, ResourceQuantity> { ["cpu"] = new(overhead) };
        var proposal = ReplicaCalculator.ByUtilization(
            all, figures, new ResourceTarget("cpu", "", 50), 4, Usual, Now);
        Assert.Equal((percent, why), (proposal.Percent, proposal.Failure));
    }

    [Fact]
    public void A_container_that_a_pod_does_not_have_asks_for_nothing()
    {
        var (all, figures) = Make("r", 100);
        var proposal = ReplicaCalculator.ByUtilization(
            all, figures, new ResourceTarget("cpu", "other", 50), 1, Usual, Now);
        Assert.Equal("container other not found in Pod p0", proposal.Failure);
    }

    [Fact]
    public void At_the_target_pods_without_a_figure_change_nothing()
    {
        var (all, figures) = Make("rm", 50);
        Assert.Equal(
            2, ReplicaCalculator.ByAverage(all, figures, new ResourceTarget("", "", 50), 2, Usual, Now).Replicas);
    }

    private static (V1Pod[] Pods, Dictionary<string, PodFigure> Figures) Make(string letters, int percent)
    {
        var pods = letters.Select((letter, i) => Pod($"p{i}", letter)).ToArray();
        var figures = pods.Where((_, i) => letters[i] is not ('m' or 'p')).ToDictionary(
            p => p.Metadata.Name, _ => new PodFigure(percent, Now, TimeSpan.FromSeconds(15)));
        return (pods, figures);
    }

    private static V1Pod Pod(string name, char letter) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, DeletionTimestamp = letter == 'd' ? Now.UtcDateTime : null },
        Spec = new V1PodSpec
        {
            Containers =
            [
                new V1Container
                {
                    Name = "main",
                    Resources = letter == 'n' ? null : new V1ResourceRequirements
                    {
                        Requests = new Dictionary<string, ResourceQuantity>
                        {
                            ["cpu"] = Quantity.Parse("100m").ToModel(),
                        },
                    },
                },
            ],
        },
        Status = new V1PodStatus
        {
            Phase = letter switch { 'p' => "Pending", 'f' => "Failed", _ => "Running" },
            StartTime = Now.UtcDateTime.AddHours(-1),
            Conditions =
            [
                new V1PodCondition
                {
                    Type = "Ready",
                    Status = letter == 'u' ? "False" : "True",
                    LastTransitionTime = Now.UtcDateTime.AddHours(-1),
                },
            ],
        },
    };
}

using k8s.Models;

namespace OrleansOrchestrator.Grains.Autoscaling.HorizontalPodAutoscalers;

/// <summary>Within which distance from one a ratio is none to act upon.</summary>
/// <param name="Down">Below one.</param>
/// <param name="Up">Above one.</param>
public readonly record struct Tolerances(double Down, double Up)
{
    public bool Covers(double ratio) => 1.0 - Down <= ratio && ratio <= 1.0 + Up;
}

/// <summary>How many replicas a figure asks for.</summary>
/// <param name="Replicas">The number.</param>
/// <param name="Average">The figure of a pod, in thousandths.</param>
/// <param name="Percent">Of what pods ask for; only for utilization.</param>
/// <param name="Failure">Why there is no number; null when there is one.</param>
public readonly record struct Proposal(int Replicas, long Average, int Percent = 0, string? Failure = null)
{
    public static Proposal Fail(string why) => new(0, 0, 0, why);
}

/// <summary>
/// The arithmetic of upstream's <c>replica_calculator</c>. Of pods without a figure the better is assumed when sizing
/// up, and the worse when sizing down, and never does that turn the direction.
/// </summary>
internal static class ReplicaCalculator
{
    private const string NoPods = "no pods returned by selector while calculating replica count";
    private const string NoFigures = "did not receive metrics for targeted pods (pods might be unready)";

    /// <summary>For a share of what pods ask for.</summary>
    public static Proposal ByUtilization(
        IReadOnlyList<V1Pod> pods, IReadOnlyDictionary<string, PodFigure> figures, ResourceTarget target, int current,
        Tolerances tolerances, DateTimeOffset now)
    {
        if (pods.Count == 0)
        {
            return Proposal.Fail(NoPods);
        }

        var groups = PodGroups.Of(pods, figures, target.Resource == "cpu", now);
        if (groups.Figures.Count == 0)
        {
            return Proposal.Fail(NoFigures);
        }

        var requests = PodRequests.Of(pods, target);
        if (requests.Failure is { } failure)
        {
            return Proposal.Fail(failure);
        }

        (double Ratio, long Average, int Percent)? Measure(Dictionary<string, long> counted)
        {
            var known = counted.Where(f => requests.ByPod.ContainsKey(f.Key)).ToList();
            var wanted = known.Sum(f => requests.ByPod[f.Key]);
            if (wanted == 0)
            {
                return null;
            }

            var used = known.Sum(static f => f.Value);
            var percent = (int)(used * 100 / wanted);
            return ((double)percent / target.Amount, used / known.Count, percent);
        }

        if (Measure(groups.Figures) is not { } first)
        {
            return Proposal.Fail("no metrics returned matched known pods");
        }

        var count = Settle(
            groups, first.Ratio, current, tolerances,
            pod => requests.ByPod[pod] * Math.Max(100, target.Amount) / 100,
            counted => Measure(counted)?.Ratio ?? first.Ratio);
        return new Proposal(count, first.Average, first.Percent);
    }

    /// <summary>For an amount of each pod.</summary>
    public static Proposal ByAverage(
        IReadOnlyList<V1Pod> pods, IReadOnlyDictionary<string, PodFigure> figures, ResourceTarget target, int current,
        Tolerances tolerances, DateTimeOffset now)
    {
        if (pods.Count == 0)
        {
            return Proposal.Fail(NoPods);
        }

        var groups = PodGroups.Of(pods, figures, target.Resource == "cpu", now);
        if (groups.Figures.Count == 0)
        {
            return Proposal.Fail(NoFigures);
        }

        var average = groups.Figures.Values.Sum() / groups.Figures.Count;
        var count = Settle(
            groups, (double)average / target.Amount, current, tolerances, _ => target.Amount,
            counted => (double)(counted.Values.Sum() / counted.Count) / target.Amount);
        return new Proposal(count, average);
    }

    /// <summary>For one figure of which all replicas together are to have a given amount.</summary>
    public static Proposal ByTotal(
        IReadOnlyList<V1Pod> pods, long figure, long target, int current, Tolerances tolerances)
    {
        var ratio = (double)figure / target;
        if (current == 0)
        {
            return new Proposal(Ceiling(ratio), figure);
        }

        if (tolerances.Covers(ratio))
        {
            return new Proposal(current, figure);
        }

        if (pods.Count == 0)
        {
            return Proposal.Fail($"unable to calculate ready pods: {NoPods}");
        }

        var ready = pods.Count(static p => p.Status?.Phase == "Running"
            && p.Status.Conditions?.Any(static c => c is { Type: "Ready", Status: "True" }) == true);
        return new Proposal(Ceiling(ratio * ready), figure);
    }

    /// <summary>For one figure that all replicas share.</summary>
    public static Proposal ByShare(long figure, long target, int actual, Tolerances tolerances)
    {
        var ratio = figure / ((double)target * actual);
        return new Proposal(
            tolerances.Covers(ratio) ? actual : Ceiling((double)figure / target), Ceiling64((double)figure / actual));
    }

    private static int Settle(
        PodGroups groups, double ratio, int current, Tolerances tolerances, Func<string, long> worst,
        Func<Dictionary<string, long>, double> measure)
    {
        var countsUnready = groups.Unready.Count > 0 && ratio > 1.0;
        if (!countsUnready && groups.Missing.Count == 0)
        {
            return tolerances.Covers(ratio) ? current : Ceiling(ratio * groups.Ready);
        }

        var figures = groups.Figures;
        if (ratio != 1.0)
        {
            foreach (var pod in groups.Missing)
            {
                figures[pod] = ratio < 1.0 ? worst(pod) : 0;
            }
        }

        if (countsUnready)
        {
            foreach (var pod in groups.Unready)
            {
                figures[pod] = 0;
            }
        }

        var next = measure(figures);
        if (tolerances.Covers(next) || (ratio < 1.0 && next > 1.0) || (ratio > 1.0 && next < 1.0))
        {
            return current;
        }

        var count = Ceiling(next * figures.Count);
        return (next < 1.0 && count > current) || (next > 1.0 && count < current) ? current : count;
    }

    private static int Ceiling(double value) => (int)Math.Clamp(Math.Ceiling(value), int.MinValue, int.MaxValue);

    private static long Ceiling64(double value) =>
        double.IsFinite(value) ? (long)Math.Clamp(Math.Ceiling(value), long.MinValue, 9e18) : 0;
}

using System.Globalization;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.NodeAgent.Numa;

/// <summary>How the hints of all that a pod needs are brought together.</summary>
/// <param name="Policy">What becomes of a pod for which that fails.</param>
/// <param name="IsPodWide">It is done for all containers of a pod together.</param>
/// <param name="PrefersClosest">Of as many nodes, those that are closest to each other are best.</param>
public sealed record TopologyRules(TopologyPolicy Policy, bool IsPodWide, bool PrefersClosest)
{
    private const string Closest = "prefer-closest-numa-nodes";
    private const string MostNodes = "max-allowable-numa-nodes";
    private const int DefaultMostNodes = 8;

    private static readonly string[] Policies = ["none", "best-effort", "restricted", "single-numa-node"];

    /// <summary>What the options say.</summary>
    /// <exception cref="InvalidDataException">They cannot be had on this machine; the text is upstream's.</exception>
    public static TopologyRules Of(ResourceOptions options, int nodes)
    {
        var policy = Array.IndexOf(Policies, options.TopologyPolicy);
        Require(
            policy >= 0,
            "invalid configuration: topologyManagerPolicy (--topology-manager-policy) " +
            $"{GoQuotes.Quote(options.TopologyPolicy)} must be one of: " +
            $"[{string.Join(' ', Policies.Select(GoQuotes.Quote))}]");
        Require(
            options.TopologyScope is ResourceOptions.ContainerScope or ResourceOptions.PodScope,
            "invalid configuration: topologyManagerScope (--topology-manager-scope) " +
            $"{GoQuotes.Quote(options.TopologyScope)} must be one of: \"container\", or \"pod\"");
        var rules = new TopologyRules(
            (TopologyPolicy)policy, options.TopologyScope == ResourceOptions.PodScope, PrefersClosest: false);
        var most = DefaultMostNodes;
        foreach (var (name, text) in options.TopologyPolicyOptions.OrderBy(static o => o.Key, StringComparer.Ordinal))
        {
            Require(
                name is Closest or MostNodes, $"unknown Topology Manager Policy option: {GoQuotes.Quote(name)}");
            if (name == Closest)
            {
                rules = rules with { PrefersClosest = Flag(name, text) };
            }
            else
            {
                most = Number(name, text);
            }
        }

        Require(
            rules.Policy == TopologyPolicy.None || nodes <= most,
            $"unsupported on machines with more than {Text(most)} NUMA Nodes");
        return rules;
    }

    private static bool Flag(string name, string text) => GoBooleans.Parse(text)
        ?? throw Wrong(
            $"bad value for option {GoQuotes.Quote(name)}: strconv.ParseBool: parsing {GoQuotes.Quote(text)}: " +
            "invalid syntax");

    private static int Number(string name, string text)
    {
        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            throw Wrong(
                $"unable to convert policy option to integer {GoQuotes.Quote(name)}: strconv.Atoi: parsing " +
                $"{GoQuotes.Quote(text)}: invalid syntax");
        }

        Require(
            number >= DefaultMostNodes,
            $"the minimum value of {GoQuotes.Quote(name)} should not be less than {Text(DefaultMostNodes)}");
        Require(
            number <= NumaSet.Limit, $"the value of {GoQuotes.Quote(name)} cannot be above {Text(NumaSet.Limit)} here");
        return number;
    }

    private static void Require(bool holds, string problem)
    {
        if (!holds)
        {
            throw Wrong(problem);
        }
    }

    private static InvalidDataException Wrong(string problem) => new(problem);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

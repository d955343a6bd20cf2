using System.CommandLine;

namespace OrleansOrchestrator.NodeAgent;

/// <summary>Options that say something by name, with commas between, as the kubelet's flags do.</summary>
internal static class PairOption
{
    /// <summary>An option like <c>a=1,b=2</c>, or with another separator.</summary>
    public static Option<IReadOnlyDictionary<string, string>> Of(
        string name, string description, char separator = '=') => new(name)
    {
        Description = description,
        CustomParser = result =>
        {
            var pairs = string.Join(',', result.Tokens.Select(static t => t.Value))
                .Split(',', StringSplitOptions.RemoveEmptyEntries)
                .Select(pair => pair.Split(separator, 2)).ToList();
            if (pairs.Find(static p => p.Length < 2) is { } wrong)
            {
                result.AddError($"malformed pair, expect string{separator}string: \"{wrong[0]}\"");
                return null;
            }

            return pairs.ToLookup(static p => p[0].Trim(), static p => p[1].Trim())
                .ToDictionary(static p => p.Key, static p => p.Last());
        },
    };
}

using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>A taint as the command line has it, <c>key=value:effect</c>; without an effect, pods stay away.</summary>
public static class TaintText
{
    private const string DefaultEffect = "NoSchedule";
    private const int MostParts = 2;

    /// <summary>Reads one.</summary>
    /// <returns>Null, or why it is none, in the words of upstream's <c>parseTaint</c>.</returns>
    public static string? Read(string text, out V1Taint taint)
    {
        var parts = text.Split(':');
        var pair = parts[0].Split('=');
        var value = pair.ElementAtOrDefault(1);
        taint = new V1Taint
        {
            Key = pair[0], Value = value, Effect = parts.ElementAtOrDefault(1) ?? DefaultEffect,
        };
        if (parts.Length > MostParts)
        {
            return $"invalid taint spec: {text}";
        }

        return taint.Effect is not (DefaultEffect or "PreferNoSchedule" or "NoExecute")
                ? $"invalid taint effect: {taint.Effect}, unsupported taint effect"
            : pair.Length > MostParts ? $"invalid taint spec: {text}"
            : Wrong(NameRules.LabelValue(value ?? "")) ?? Wrong(NameRules.QualifiedName(taint.Key));

        string? Wrong(IEnumerable<string> problems) =>
            problems.ToList() is { Count: > 0 } all ? $"invalid taint spec: {text}, {string.Join("; ", all)}" : null;
    }
}

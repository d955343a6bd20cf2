using System.Text;
using OrleansOrchestrator.Api.Admission.Expressions;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Api.Admission.Policies;

/// <summary>Why a policy is against a write.</summary>
/// <param name="Index">Which validation says so.</param>
/// <param name="Message">In words.</param>
/// <param name="Reason">The Status reason; empty for what went wrong.</param>
/// <param name="Elapsed">How long the validation took.</param>
internal readonly record struct PolicyDenial(
    int Index, string Message, string Reason, TimeSpan Elapsed = default);

/// <summary>What a policy says of a write.</summary>
internal sealed class PolicyVerdict
{
    /// <summary>Bytes of what the audit log gets.</summary>
    private const int MaxAnnotationBytes = 10 * 1024;

    public List<PolicyDenial> Denials { get; } = [];

    /// <summary>What went wrong with a policy that ignores it.</summary>
    public List<PolicyDenial> Ignored { get; } = [];

    /// <summary>What its conditions say; null when it has none.</summary>
    public ConditionsResult? Conditions { get; init; }

    /// <summary>For the audit log.</summary>
    public List<KeyValuePair<string, string>> Annotations { get; } = [];

    /// <summary>What went wrong with them; that is a reason to refuse, too.</summary>
    public List<string> AnnotationErrors { get; } = [];

    /// <summary>Notes what the audit log gets: a text that is not empty.</summary>
    public void Annotate(string key, in CelValue value)
    {
        var text = value.Kind == CelKind.String ? value.AsString.Trim() : "";
        if (text.Length > 0)
        {
            Annotations.Add(new(key, Shortened(text)));
        }
    }

    private static string Shortened(string text)
    {
        if (Encoding.UTF8.GetByteCount(text) <= MaxAnnotationBytes)
        {
            return text;
        }

        var bytes = Encoding.UTF8.GetBytes(text);
        return Encoding.UTF8.GetString(bytes, 0, MaxAnnotationBytes);
    }
}

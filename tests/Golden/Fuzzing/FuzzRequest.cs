using System.Globalization;
using System.Text;

namespace OrleansOrchestrator.Golden.Fuzzing;

/// <summary>One request that a fuzzer made.</summary>
public sealed record FuzzRequest(string Method, string Path, string ContentType, byte[] Body)
{
    private const int MaxShown = 2000;

    public string? Accept { get; init; }

    /// <summary>The body as text where it is text, so that a finding can be read.</summary>
    public override string ToString()
    {
        var shown = Body.Length > MaxShown ? Body[..MaxShown] : Body;
        var text = Array.TrueForAll(shown, b => b is (>= 0x20 and < 0x7f) or (byte)'\n' or (byte)'\t')
            ? Encoding.ASCII.GetString(shown)
            : Convert.ToHexString(shown);
        return string.Create(
            CultureInfo.InvariantCulture, $"{Method} {Path} [{ContentType}] accept [{Accept}] {Body.Length} bytes: {text}");
    }
}

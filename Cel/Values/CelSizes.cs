using System.Text;

namespace OrleansOrchestrator.Cel.Values;

/// <summary>How large values are: by that they are compared, and calls cost.</summary>
internal static class CelSizes
{
    /// <summary>How many code points, bytes, elements or entries; null of what has no size.</summary>
    public static long? Of(in CelValue value) => value.Kind switch
    {
        CelKind.String => CodePoints(value.AsString),
        CelKind.Bytes => value.AsBytes.Length,
        CelKind.List => value.AsList.Count,
        CelKind.Map => value.AsMap.Size,
        CelKind.Opaque => value.AsOpaque.CostSize is > 1 and var size ? size : null,
        _ => null,
    };

    public static int CodePoints(string text)
    {
        if (Ascii.IsValid(text))
        {
            return text.Length;
        }

        var count = text.Length;
        for (var i = 1; i < text.Length; i++)
        {
            if (char.IsLowSurrogate(text[i]) && char.IsHighSurrogate(text[i - 1]))
            {
                count--;
            }
        }

        return count;
    }
}

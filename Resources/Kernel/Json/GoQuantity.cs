using k8s.Models;

namespace OrleansOrchestrator.Resources.Kernel.Json;

/// <summary>Quantities of the wire: parsed once a text, shared, and written back as upstream would.</summary>
public static class GoQuantity
{
    public const string FormatError =
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

    /// <summary>A quantity, or null when the text is none.</summary>
    public static ResourceQuantity? Parse(string text) => Parse(text, out _);

    /// <summary>A quantity, or upstream's complaint.</summary>
    public static ResourceQuantity? Parse(string text, out string? error)
    {
        if (Quantity.TryParse(text, out var quantity, out var complaint))
        {
            error = null;
            return quantity.ToModel();
        }

        error = complaint;
        return null;
    }
}

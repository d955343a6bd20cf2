namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>What is said of quantities in several kinds.</summary>
internal static class QuantityTexts
{
    /// <summary>The warning about an amount of bytes that is not whole.</summary>
    public static string Fraction(FieldPath path, Quantity quantity) =>
        $"{path}: fractional byte value {GoText.Quote(quantity.ToString())} is invalid, must be an integer";
}

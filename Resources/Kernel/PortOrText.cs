using System.Globalization;
using k8s.Models;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>Tells numbers from texts that look like numbers.</summary>
internal static class PortOrText
{
    /// <summary>True for a number; none at all counts as zero.</summary>
    public static bool IsNumber(IntOrString? value, out int number)
    {
        number = 0;
        return value is null || (value is not Json.IntOrStringCodec.NumericString
            && int.TryParse(value.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number));
    }

    /// <summary>Findings on a port by number or by name: a number in quotes is a name, and a bad one.</summary>
    public static void ValidatePort(IntOrString? port, FieldPath path, FieldErrors errors)
    {
        if (IsNumber(port, out var number))
        {
            errors.InvalidEach(path, number, NameRules.PortNumber(number));
        }
        else
        {
            errors.InvalidEach(path, port!.Value, NameRules.PortName(port.Value ?? ""));
        }
    }
}

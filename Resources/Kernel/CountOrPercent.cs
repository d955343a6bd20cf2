using System.Globalization;
using k8s.Models;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>A number of pods or a share of them, as rollouts and disruption budgets take it.</summary>
/// <param name="Number">The number, or the percentage; zero for a text that is neither.</param>
/// <param name="IsPercent">True for a valid percentage.</param>
/// <param name="Shown">What messages quote.</param>
internal readonly record struct CountOrPercent(int Number, bool IsPercent, object Shown)
{
    public static CountOrPercent Of(IntOrString? value)
    {
        if (PortOrText.IsNumber(value, out var number))
        {
            return new CountOrPercent(number, false, number);
        }

        var text = value!.Value ?? "";
        var isPercent = !NameRules.Percent(text).Any();
        _ = int.TryParse(
            isPercent ? text.AsSpan(0, text.Length - 1) : text,
            NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture,
            out number);
        return new CountOrPercent(number, isPercent, text);
    }

    /// <summary>A number must not be negative, a text must be a percentage.</summary>
    public void Validate(FieldPath path, FieldErrors errors)
    {
        if (Shown is string text)
        {
            errors.InvalidEach(path, text, NameRules.Percent(text));
        }
        else if (Number < 0)
        {
            errors.Invalid(path, Number, "must be greater than or equal to 0");
        }
    }

    /// <summary>There are no more than all.</summary>
    public void ValidateShare(FieldPath path, FieldErrors errors)
    {
        if (IsPercent && Number > 100)
        {
            errors.Invalid(path, Shown, "must not be greater than 100%");
        }
    }
}

using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.FlowControl.PriorityLevels;

/// <summary>Validation of a priority level's specification.</summary>
internal static class PriorityLevelRules
{
    /// <summary>The one level that never waits.</summary>
    public const string Exempt = "exempt";

    private const int MaxQueues = 10_000_000;

    /// <summary>Bits of the hash from which a flow's hand of queues is dealt.</summary>
    private const int MaxHashBits = 60;

    private static readonly FieldPath Spec = FieldPath.Of("spec");

    public static void Validate(string name, V1PriorityLevelConfigurationSpec spec, FieldErrors errors)
    {
        if (name == Exempt != (spec.Type == "Exempt"))
        {
            errors.Invalid(Spec.Child("type"), spec.Type ?? "", "must be 'Exempt' if and only if `name` is 'exempt'");
        }

        switch (spec.Type)
        {
            case "Exempt": ValidateExempt(spec, errors); break;
            case "Limited": ValidateLimited(spec, errors); break;
            default: errors.NotSupported(Spec.Child("type"), spec.Type ?? "", ["Exempt", "Limited"]); break;
        }
    }

    private static void ValidateExempt(V1PriorityLevelConfigurationSpec spec, FieldErrors errors)
    {
        if (spec.Limited is not null)
        {
            errors.Forbidden(Spec.Child("limited"), "must be nil if the type is not Limited");
        }

        if (spec.Exempt is { } exempt)
        {
            var path = Spec.Child("exempt");
            ValidateShares(exempt.NominalConcurrencyShares, path, errors);
            ValidateLendable(exempt.LendablePercent, path, errors);
        }
    }

    private static void ValidateLimited(V1PriorityLevelConfigurationSpec spec, FieldErrors errors)
    {
        if (spec.Exempt is not null)
        {
            errors.Forbidden(Spec.Child("exempt"), "must be nil if the type is Limited");
        }

        var path = Spec.Child("limited");
        if (spec.Limited is not { } limited)
        {
            errors.Required(path, "must not be empty when type is Limited");
            return;
        }

        ValidateShares(limited.NominalConcurrencyShares, path, errors);
        ValidateResponse(limited.LimitResponse, path.Child("limitResponse"), errors);
        ValidateLendable(limited.LendablePercent, path, errors);
        if (limited.BorrowingLimitPercent < 0)
        {
            errors.Invalid(
                path.Child("borrowingLimitPercent"),
                limited.BorrowingLimitPercent,
                "if specified, must be a non-negative integer");
        }
    }

    private static void ValidateShares(int? shares, FieldPath path, FieldErrors errors)
    {
        if (shares < 0)
        {
            errors.Invalid(path.Child("nominalConcurrencyShares"), shares, "must be a non-negative integer");
        }
    }

    private static void ValidateLendable(int? percent, FieldPath path, FieldErrors errors)
    {
        if (percent is < 0 or > 100)
        {
            errors.Invalid(path.Child("lendablePercent"), percent, NameRules.InclusiveRange(0, 100));
        }
    }

    private static void ValidateResponse(V1LimitResponse response, FieldPath path, FieldErrors errors)
    {
        var queuing = path.Child("queuing");
        switch (response.Type)
        {
            case "Reject" when response.Queuing is not null:
                errors.Forbidden(queuing, "must be nil if limited.limitResponse.type is not Limited");
                break;
            case "Reject":
                break;
            case "Queue" when response.Queuing is null:
                errors.Required(queuing, "must not be empty if limited.limitResponse.type is Limited");
                break;
            case "Queue":
                ValidateQueuing(response.Queuing, queuing, errors);
                break;
            default:
                errors.NotSupported(path.Child("type"), response.Type ?? "", ["Queue", "Reject"]);
                break;
        }
    }

    private static void ValidateQueuing(V1QueuingConfiguration queuing, FieldPath path, FieldErrors errors)
    {
        var (queues, hand, length) = (queuing.Queues ?? 0, queuing.HandSize ?? 0, queuing.QueueLengthLimit ?? 0);
        if (length <= 0)
        {
            errors.Invalid(path.Child("queueLengthLimit"), length, "must be positive");
        }

        if (queues <= 0)
        {
            errors.Invalid(path.Child("queues"), queues, "must be positive");
        }
        else if (queues > MaxQueues)
        {
            errors.Invalid(path.Child("queues"), queues, $"must not be greater than {MaxQueues}");
        }

        if (hand <= 0)
        {
            errors.Invalid(path.Child("handSize"), hand, "must be positive");
        }
        else if (hand > queues)
        {
            errors.Invalid(path.Child("handSize"), hand, $"should not be greater than queues ({queues})");
        }
        else if (EntropyBits(queues, hand) > MaxHashBits)
        {
            errors.Invalid(
                path.Child("handSize"),
                hand,
                $"required entropy bits of deckSize {queues} and handSize {hand} should not be " +
                $"greater than {MaxHashBits}");
        }
    }

    /// <summary>
    /// Bits that say which hand of so many cards is dealt: the logarithm of queues · (queues - 1) · …
    /// </summary>
    private static int EntropyBits(int queues, int hand)
    {
        // Few cards already need more bits than there are.
        double hands = 1;
        for (var i = 0; i < hand && hands < double.MaxValue / MaxQueues; i++)
        {
            hands *= queues - i;
        }

        return (int)Math.Ceiling(Math.Log2(hands));
    }
}

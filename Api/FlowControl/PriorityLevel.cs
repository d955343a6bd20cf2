using k8s.Models;

namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>
/// A priority level of this server: its seats, and what it may lend and borrow. <see cref="FlowControl"/>'s lock guards
/// all but the queues.
/// </summary>
public sealed class PriorityLevel(string name, TimeProvider time) : IDisposable
{
    /// <summary>The level whose requests never wait.</summary>
    public const string Exempt = "exempt";

    /// <summary>The level of requests that no other schema takes.</summary>
    public const string CatchAll = "catch-all";

    /// <summary>A request has no more of a level's seats, so that wide ones do not block it.</summary>
    private const double MaxSeatsShare = 0.15;

    private const int DefaultShares = 30;

    public string Name => name;

    public string Uid { get; private set; } = "";

    public QueueSettings Settings { get; private set; } = QueueSettings.Refusing;

    public FairQueueSet Queues { get; } = new(time);

    /// <summary>When those who are refused are to come again.</summary>
    public RetryAdvice Refusals { get; } = new(time);

    /// <summary>Its part of the server, by proportion.</summary>
    public int Shares { get; private set; }

    /// <summary>Seats by shares, those that it keeps whatever others want, and those that it has at most.</summary>
    public int Nominal { get; private set; }

    public int Lower { get; private set; }

    public int Upper { get; private set; }

    /// <summary>Seats for now.</summary>
    public int Current { get; internal set; }

    /// <summary>What it was to get when seats were divided.</summary>
    public double Target { get; internal set; }

    public int MaxSeats { get; private set; }

    /// <summary>Its object is gone; it goes as soon as it is idle.</summary>
    public bool IsQuiescing { get; internal set; }

    /// <summary>How many seats could have been used in the last period.</summary>
    public SeatDemand? Demand { get; internal set; }

    private int LendablePercent { get; set; }

    private int? BorrowingPercent { get; set; }

    private bool IsNew { get; set; } = true;

    /// <summary>Whether an object makes sense: others are as if they were not there.</summary>
    public static bool IsUsable(V1PriorityLevelConfiguration level)
    {
        var isExempt = level.Spec?.Type == "Exempt";
        return isExempt == (level.Metadata.Name == Exempt)
            && isExempt == (level.Spec?.Exempt is not null)
            && (level.Spec?.Type == "Limited") == (level.Spec?.Limited is not null)
            && (level.Spec?.Limited is not { } limited
                || limited.LimitResponse is { Type: "Reject", Queuing: null }
                    or { Type: "Queue", Queuing: { Queues: > 0, HandSize: > 0, QueueLengthLimit: > 0 } });
    }

    /// <summary>Takes what the object says; seats come by <see cref="Share"/>.</summary>
    public void Read(V1PriorityLevelConfiguration level)
    {
        IsQuiescing = false;
        Uid = level.Metadata.Uid ?? "";
        if (level.Spec.Limited is { } limited)
        {
            Settings = limited.LimitResponse.Queuing is { } queuing
                ? new QueueSettings(
                    queuing.Queues!.Value, Math.Min(queuing.HandSize!.Value, queuing.Queues.Value),
                    queuing.QueueLengthLimit!.Value)
                : QueueSettings.Refusing;
            (Shares, LendablePercent, BorrowingPercent) = (
                limited.NominalConcurrencyShares ?? DefaultShares, limited.LendablePercent ?? 0,
                limited.BorrowingLimitPercent);
            return;
        }

        Settings = QueueSettings.Exempt;
        (Shares, LendablePercent, BorrowingPercent) = (
            level.Spec.Exempt?.NominalConcurrencyShares ?? 0, level.Spec.Exempt?.LendablePercent ?? 0, null);
    }

    /// <summary>Computes its seats from those of the server and from all levels' shares.</summary>
    public void Share(int serverSeats, int allShares)
    {
        Nominal = allShares == 0 ? 0 : (int)Math.Ceiling((double)serverSeats * Shares / allShares);
        var lendable = Percent(LendablePercent);
        (Lower, Upper) = (
            Nominal - lendable, Nominal + (BorrowingPercent is { } percent ? Percent(percent) : serverSeats));
        MaxSeats = Settings.Queues < 1
            ? int.MaxValue
            : (int)Math.Max(1, Math.Min(Math.Ceiling(Nominal * MaxSeatsShare), Nominal / Settings.HandSize));
        if (IsNew)
        {
            (Current, IsNew) = (Nominal - (lendable / 2), false);
        }
    }

    public void Dispose() => Queues.Dispose();

    private int Percent(int percent) => (int)Math.Round(Nominal * percent / 100.0, MidpointRounding.AwayFromZero);
}

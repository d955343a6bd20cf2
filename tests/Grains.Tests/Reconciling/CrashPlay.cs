using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>How a controller is disturbed at one of its writes.</summary>
public enum Disturbance
{
    None,

    /// <summary>It dies before the write is committed.</summary>
    CrashBefore,

    /// <summary>It dies after the commit, before it hears of it.</summary>
    CrashAfter,

    /// <summary>It dies, and its request arrives while its successor works.</summary>
    ArrivesLate,

    /// <summary>It lives on and hears that the write was surely not done.</summary>
    Refused,

    /// <summary>It lives on and hears that nobody knows, when the write was committed.</summary>
    AnswerLost,
}

/// <summary>
/// A little history of a world with one controller, or several that work together, which <see cref="Run"/> disturbs at
/// one write. Everything else in it (users, kubelets, time) goes on as if nothing had happened.
/// </summary>
internal abstract class CrashPlay
{
    /// <summary>Writes of the successor before a late request arrives.</summary>
    private const int LateBy = 2;

    private const int MaxRounds = 60;

    private static readonly HashSet<string> OfTheRun = new(StringComparer.Ordinal)
    {
        "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "lastTransitionTime", "lastUpdateTime", "lastHeartbeatTime",
        "lastProbeTime", "completionTime", "renewTime", "startTime", "timeAdded", "lastScaleTime",
        "endpoints.kubernetes.io/last-change-trigger-time", "certificate",
    };

    private int _writes;
    private bool _isActing;
    private bool _hasCrashed;
    private CreateRequest? _late;
    private int _lateIn;

    protected World World { get; } = new();

    /// <summary>Writes of the controllers in the whole run.</summary>
    public int Writes => _writes;

    /// <summary>Objects that the controllers have made in the whole run, those that went again included.</summary>
    public int Creates { get; private set; }

    /// <summary>How often the controllers were woken in the whole run.</summary>
    public int WakeUps { get; private set; }

    /// <summary>Every wake-up comes twice, the second when the first has been seen to.</summary>
    public bool IsWokenTwice { get; set; }

    /// <summary>The wake-up that never comes, counted from one; the world goes on as if it had.</summary>
    public int LostWakeUp { get; set; }

    /// <summary>
    /// Looks with writes, one after the other while nothing changed from outside: how many reminders it takes at most
    /// to come to where it must be, when no wake-up arrives.
    /// </summary>
    public int LooksAlone { get; private set; }

    /// <summary>Plays to the end; returns what the world is then.</summary>
    public string Run(Disturbance how, int atWrite)
    {
        SetUp();
        LoseMemory();
        World.Api.BeforeWrite = write => Before(write, how, atWrite);
        World.Api.AfterWrite = write => After(write, how, atWrite);
        World.Api.LoseAnswer = _ => how == Disturbance.AnswerLost && IsHit(atWrite)
            ? new Status { Code = 504, Reason = StatusReasons.Timeout, Message = "nobody knows" }
            : null;
        for (var act = 0; act < Acts; act++)
        {
            Change(act);
            Settle();
        }

        Arrive();
        Settle();
        Check();
        return Describe();
    }

    /// <summary>How often the outside world changes something and waits until all is quiet.</summary>
    protected virtual int Acts => 1;

    /// <summary>What is there before the controllers begin.</summary>
    protected abstract void SetUp();

    /// <summary>Something changes from outside.</summary>
    protected virtual void Change(int act)
    {
    }

    /// <summary>One step of every controller.</summary>
    protected abstract void Step();

    /// <summary>Everybody else does what they do: kubelets, time.</summary>
    protected virtual void StepOthers()
    {
    }

    /// <summary>The controllers' memory is gone.</summary>
    protected abstract void LoseMemory();

    /// <summary>A name as it is compared.</summary>
    protected virtual string Name(string name) => name;

    /// <summary>What must hold after every write.</summary>
    protected virtual void Check()
    {
    }

    private void Settle()
    {
        var alone = 0;
        for (var round = 0; round < MaxRounds; round++)
        {
            var before = World.Api.Writes;
            var (wasCrash, wasWrites) = (_hasCrashed, _writes);
            var wasLost = ++WakeUps == LostWakeUp;
            for (var times = wasLost ? 0 : IsWokenTwice ? 2 : 1; times > 0; times--)
            {
                StepGuarded();
            }

            alone = _writes == wasWrites ? alone : alone + 1;
            LooksAlone = Math.Max(LooksAlone, alone);
            var (written, now) = (World.Api.Writes, World.Time.GetUtcNow());
            StepOthers();
            alone = World.Api.Writes == written && World.Time.GetUtcNow() == now ? alone : 0;
            if (!wasLost && World.Api.Writes == before && _hasCrashed == wasCrash && _writes == wasWrites)
            {
                return;
            }
        }

        Assert.Fail($"no rest after {MaxRounds} rounds");
    }

    private void StepGuarded()
    {
        _isActing = true;
        try
        {
            Step();
        }
        catch (Exception error) when (error is not Xunit.Sdk.IAssertionException)
        {
            // As the grain does: again, by the same instance if it lives.
            if (_hasCrashed)
            {
                LoseMemory();
            }
        }
        finally
        {
            _isActing = false;
        }
    }

    private Status? Before(FakeWrite write, Disturbance how, int atWrite)
    {
        if (!_isActing)
        {
            return null;
        }

        _writes++;
        if (_writes != atWrite)
        {
            return null;
        }

        switch (how)
        {
            case Disturbance.CrashBefore:
                throw Crash();
            case Disturbance.ArrivesLate:
                (_late, _lateIn) = (write.Create, LateBy);
                throw Crash();
            case Disturbance.Refused:
                return new Status { Code = 503, Reason = StatusReasons.ServiceUnavailable, Message = "not now" };
            default:
                return null;
        }
    }

    private void After(FakeWrite write, Disturbance how, int atWrite)
    {
        if (!_isActing)
        {
            return;
        }

        Creates += write.Create is null || write.Resource == WellKnown.Events ? 0 : 1;
        Check();
        if (_late is not null && --_lateIn == 0)
        {
            Arrive();
        }

        if (how == Disturbance.CrashAfter && IsHit(atWrite))
        {
            throw Crash();
        }
    }

    private bool IsHit(int atWrite) => _isActing && _writes == atWrite;

    private InvalidOperationException Crash()
    {
        _hasCrashed = true;
        return new InvalidOperationException("the silo is gone");
    }

    private void Arrive()
    {
        if (_late is { } request)
        {
            _late = null;
            var wasActing = _isActing;
            _isActing = false;
            _ = World.Api.CreateAsync(request, CancellationToken.None).AsTask().GetAwaiter().GetResult();
            _isActing = wasActing;
            Check();
        }
    }

    private string Describe()
    {
        var all = new JsonObject();
        foreach (var definition in BuiltInResources.Table.All.Where(d => d.Name != WellKnown.Events))
        {
            var list = World.Api.ListAsync(new ListQuery { Resource = definition.Name }, CancellationToken.None).AsTask().GetAwaiter().GetResult();
            if (list.Items.Count > 0)
            {
                all[definition.Name.ToString()] = new JsonArray([.. list.Items.Select(i => Comparable(JsonNode.Parse(i.Json.Span)!)).OrderBy(i => i.ToJsonString(), StringComparer.Ordinal)]);
            }
        }

        return all.ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = true });
    }

    /// <summary>Without what two runs may differ in.</summary>
    private JsonNode Comparable(JsonNode node)
    {
        switch (node)
        {
            case JsonObject item:
                foreach (var name in item.Select(p => p.Key).ToList())
                {
                    if (OfTheRun.Contains(name))
                    {
                        item.Remove(name);
                    }
                    else if (name == "name" && item[name] is JsonValue text)
                    {
                        item[name] = Name(text.GetValue<string>());
                    }
                    else if (item[name] is { } child)
                    {
                        Comparable(child);

                        // What has a mark of the run only is as what has none.
                        if (name == "annotations" && child is JsonObject { Count: 0 })
                        {
                            item.Remove(name);
                        }
                    }
                }

                Sort(item);
                break;
            case JsonArray list:
                foreach (var child in list)
                {
                    Comparable(child!);
                }

                break;
        }

        return node;
    }

    /// <summary>Where a property stands depends on how often the object was written.</summary>
    private static void Sort(JsonObject item)
    {
        foreach (var (name, value) in item.OrderBy(static p => p.Key, StringComparer.Ordinal).ToList())
        {
            item.Remove(name);
            item[name] = value;
        }
    }
}

using System.Text;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Dra.HealthV1Alpha1;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Dra;

/// <summary>One device of the node.</summary>
/// <param name="Driver">Whose it is.</param>
/// <param name="Pool">The driver's pool that it is in.</param>
/// <param name="Name">Its name there.</param>
public readonly record struct DeviceId(string Driver, string Pool, string Name);

/// <summary>Whether a device works.</summary>
/// <param name="State"><c>Healthy</c>, <c>Unhealthy</c> or <c>Unknown</c>.</param>
/// <param name="Message">What the driver has to say about it; null for nothing.</param>
public readonly record struct DeviceState(string State, string? Message);

/// <summary>
/// What drivers tell of their devices' health. What was told holds for as long as the driver says, half a minute
/// unless it says otherwise, as upstream has it. Safe for any thread.
/// </summary>
public sealed class DeviceHealthBook(TimeProvider time)
{
    private const int MaxMessageBytes = 1024;
    private const string Ellipsis = "...";

    private static readonly TimeSpan UsualValidity = TimeSpan.FromSeconds(30);
    private static readonly DeviceState Unknown = new("Unknown", null);

    private readonly Lock _lock = new();
    private readonly Dictionary<DeviceId, Told> _devices = [];

    /// <summary>Raised when a device works no more, works again, or there is something else to say about it.</summary>
    public event Action<IReadOnlyCollection<DeviceId>>? Changed;

    public DeviceState Of(DeviceId device)
    {
        lock (_lock)
        {
            return _devices.TryGetValue(device, out var told) && time.GetSteadyTime() <= told.Until
                ? told.State
                : Unknown;
        }
    }

    /// <summary>
    /// A driver has told of its devices: of those that it leaves out holds what was told before, as long as it does.
    /// </summary>
    public void Set(string driver, IEnumerable<DeviceHealth> devices)
    {
        HashSet<DeviceId> changed;
        lock (_lock)
        {
            var now = time.GetSteadyTime();
            changed = [.. _devices.Where(d => d.Key.Driver == driver && d.Value.Until < now).Select(static d => d.Key)];
            foreach (var device in devices.Where(static d => d.Device is not null))
            {
                var id = new DeviceId(driver, device.Device.PoolName, device.Device.DeviceName);
                var state = new DeviceState(StateOf(device.Health), MessageOf(device.Message));
                if (!_devices.TryGetValue(id, out var before) || before.State != state)
                {
                    changed.Add(id);
                }

                _devices[id] = new Told(state, now + ValidityOf(device));
            }

            foreach (var old in changed.Where(d => _devices[d].Until < now))
            {
                _devices.Remove(old);
            }
        }

        Tell(changed);
    }

    /// <summary>A driver tells no more.</summary>
    public void Forget(string driver)
    {
        List<DeviceId> gone;
        lock (_lock)
        {
            gone = [.. _devices.Keys.Where(d => d.Driver == driver)];
            gone.ForEach(d => _devices.Remove(d));
        }

        Tell(gone);
    }

    private void Tell(IReadOnlyCollection<DeviceId> changed)
    {
        if (changed.Count > 0)
        {
            Changed?.Invoke(changed);
        }
    }

    private static TimeSpan ValidityOf(DeviceHealth device) => device.HealthCheckTimeoutSeconds is > 0 and var seconds
        ? Periods.Of(seconds)
        : UsualValidity;

    private static string StateOf(HealthStatus health) => health switch
    {
        HealthStatus.Healthy => "Healthy",
        HealthStatus.Unhealthy => "Unhealthy",
        _ => Unknown.State,
    };

    /// <summary>The API takes so many octets of it, and no half characters.</summary>
    private static string? MessageOf(string text)
    {
        if (Encoding.UTF8.GetByteCount(text) <= MaxMessageBytes)
        {
            return text.Length > 0 ? text : null;
        }

        var (length, octets) = (0, 0);
        foreach (var rune in text.EnumerateRunes())
        {
            octets += rune.Utf8SequenceLength;
            if (octets > MaxMessageBytes - Ellipsis.Length)
            {
                break;
            }

            length += rune.Utf16SequenceLength;
        }

        return text[..length] + Ellipsis;
    }

    private readonly record struct Told(DeviceState State, SteadyTime Until);
}

using System.CommandLine;
using System.Net;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>The options that say where a silo listens, and where others reach it.</summary>
internal sealed class SiloAddressOptions
{
    private readonly Option<IPAddress> _bind =
        CommonOptions.Address("--bind-address", "Where the API listens.", IPAddress.Any);
    private readonly Option<int> _port =
        CommonOptions.Port("--port", "Where the API listens; 0 takes a free port.", 6443, mayBeAny: true);
    private readonly Option<IPAddress> _advertise = CommonOptions.Address(
        "--advertise-address", "The address at which pods and nodes reach this API.", IPAddress.Loopback);
    private readonly Option<IPAddress> _silo = CommonOptions.Address(
        "--silo-address", "Where other silos reach this one.", IPAddress.Loopback);
    private readonly Option<int> _siloPort = CommonOptions.Port(
        "--silo-port",
        "Where other silos reach this one; every silo on a machine needs its own, and 0 takes a free port. " +
            "Without --connection there are no others.",
        SiloOptions.DefaultSiloPort,
        mayBeAny: true);

    public IEnumerable<Option> All => [_bind, _port, _advertise, _silo, _siloPort];

    /// <summary>A silo's options with these in them.</summary>
    public SiloOptions Over(SiloOptions silo, ParseResult parsed) => silo with
    {
        BindAddress = parsed.GetRequiredValue(_bind),
        Port = parsed.GetValue(_port),
        AdvertiseAddress = parsed.GetRequiredValue(_advertise),
        SiloAddress = parsed.GetRequiredValue(_silo),
        SiloPort = parsed.GetValue(_siloPort),
    };
}

using System.CommandLine;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>What becomes of pods and Events that say nothing of it themselves, under upstream's names.</summary>
internal sealed class PodAndEventOptions
{
    private static readonly DefaultTolerations Usual = new();

    private readonly Option<int> _notReady = CommonOptions.Number(
        "--default-not-ready-toleration-seconds",
        "Seconds for which new pods stay on a node that is not ready, unless they say otherwise.",
        (int)Usual.NotReady,
        0,
        int.MaxValue);
    private readonly Option<int> _unreachable = CommonOptions.Number(
        "--default-unreachable-toleration-seconds",
        "The same on a node that does not answer.",
        (int)Usual.Unreachable,
        0,
        int.MaxValue);
    private readonly Option<string> _events = CommonOptions.Text(
        "--event-ttl", "How long Events stay after their last write; 0 for ever. The same for all silos.", "1h0m0s");

    public IEnumerable<Option> All => [_notReady, _unreachable, _events];

    public SiloOptions Over(SiloOptions silo, ParseResult parsed) => silo with
    {
        Tolerations = new DefaultTolerations
        {
            NotReady = parsed.GetValue(_notReady), Unreachable = parsed.GetValue(_unreachable),
        },
        EventLife = CommonOptions.TimeOf(parsed, _events),
    };
}

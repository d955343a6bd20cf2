using System.CommandLine;
using System.Globalization;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>How connections of HTTP/2 are used, under upstream's names.</summary>
internal sealed class ConnectionOptions
{
    private const double MostChance = 0.02;

    /// <summary>What upstream takes where it is told 0.</summary>
    private const int FewStreams = 100;

    private readonly Option<string> _goaway = CommonOptions.Text(
        "--goaway-chance",
        "The part of requests by HTTP/2, at most 0.02, with which their connection is told to end (GOAWAY) once all on "
            + "it are done: the client makes another, which a load balancer may lead to another silo.",
        "0");
    private readonly Option<int> _streams = CommonOptions.Number(
        "--http2-max-streams-per-connection",
        "How many requests one connection of HTTP/2 may have at a time; 0 for 100.",
        new SiloOptions().MaxStreamsPerConnection,
        0,
        int.MaxValue);

    public IEnumerable<Option> All => [_goaway, _streams];

    public SiloOptions Over(SiloOptions silo, ParseResult parsed) => silo with
    {
        GoawayChance = Chance(parsed.GetRequiredValue(_goaway)),
        MaxStreamsPerConnection = parsed.GetValue(_streams) is > 0 and var streams ? streams : FewStreams,
    };

    private double Chance(string text) =>
        !double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var chance)
            ? throw new UserErrorException($"{_goaway.Name} is no number, such as 0.001: '{text}'.")
            : chance is >= 0 and <= MostChance
                ? chance
                : throw new UserErrorException($"{_goaway.Name} can not be less than 0 or greater than 0.02");
}

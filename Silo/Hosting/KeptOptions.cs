using System.Text.Json;
using OrleansOrchestrator.Machine;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>
/// Options of <c>orc silo</c> that <c>orc up</c> was given: kept in the data directory, so that each start of the silo
/// has them until a later <c>orc up</c> says otherwise. They name files and hold no secrets.
/// </summary>
public sealed class KeptOptions
{
    /// <summary>The option in whose presence the machine's own addresses of load balancers are none.</summary>
    public const string Cloud = "--cloud-provider-endpoint";

    /// <summary>The option that has a default of the data directory's.</summary>
    public const string Encryption = "--encryption-provider-config";

    /// <summary>The option with which nodes send no logs either.</summary>
    public const string Logs = "--logs";

    private const string FileName = "options.json";

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    private readonly SortedDictionary<string, string[]> _values;

    private KeptOptions(IEnumerable<KeyValuePair<string, string[]>> values) =>
        _values = new(new Dictionary<string, string[]>(values), StringComparer.Ordinal);

    /// <summary>Where nothing was said.</summary>
    public static KeptOptions None { get; } = new([]);

    /// <summary>The options as arguments; one with several values is given several times.</summary>
    public IReadOnlyList<string> Arguments =>
    [
        .. _values.SelectMany(static o => o.Value.Length == 0 ? [o.Key] : o.Value.Select(v => $"{o.Key}={v}")),
    ];

    /// <summary>True when an option was given.</summary>
    public bool Has(string name) => _values.ContainsKey(name);

    /// <summary>True when an option was given to say no.</summary>
    public bool IsOff(string name) =>
        _values.TryGetValue(name, out var values) && values is [var value]
        && bool.TryParse(value, out var isOn) && !isOn;

    public static KeptOptions Load(DataDirectory directory)
    {
        var file = Path.Combine(directory.Root, FileName);
        if (!File.Exists(file))
        {
            return None;
        }

        try
        {
            return new(JsonSerializer.Deserialize<Dictionary<string, string[]>>(File.ReadAllText(file), Json) ?? []);
        }
        catch (JsonException error)
        {
            throw new UserErrorException($"{file} cannot be read: {error.Message}");
        }
    }

    public void Save(DataDirectory directory) =>
        OwnFiles.Write(Path.Combine(directory.Root, FileName), JsonSerializer.Serialize(_values, Json));

    /// <summary>The same without some, and then with others.</summary>
    public KeptOptions Change(IEnumerable<string> without, IReadOnlyDictionary<string, string[]> given) => new(
        _values.Where(o => !given.ContainsKey(o.Key)).ExceptBy(without, static o => o.Key, StringComparer.Ordinal)
            .Concat(given));

    /// <summary>The same with the encryption of the data directory where nobody chose another.</summary>
    public KeptOptions WithEncryptionOf(string file) => _values.ContainsKey(Encryption)
        ? this
        : Change([], new Dictionary<string, string[]> { [Encryption] = [file] });
}

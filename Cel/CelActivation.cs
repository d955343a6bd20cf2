using OrleansOrchestrator.Cel.Checking;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel;

/// <summary>
/// What the variables of an environment hold for an evaluation. It serves all programs of that environment and of those
/// it was extended from, one thread at a time.
/// </summary>
public sealed class CelActivation
{
    private readonly CelEnvironment _environment;
    private readonly CelValue[] _values;
    private readonly Func<CelValue>?[] _makers;
    private readonly bool[] _present;

    internal CelActivation(CelEnvironment environment)
    {
        _environment = environment;
        var count = environment.Declarations.Variables.Count;
        _values = new CelValue[count];
        _makers = new Func<CelValue>?[count];
        _present = new bool[count];
    }

    /// <summary>Sets what a variable holds.</summary>
    /// <exception cref="ArgumentException">The environment has no such variable.</exception>
    public CelActivation Set(string name, CelValue value)
    {
        var index = Index(name);
        (_values[index], _present[index], _makers[index]) = (value, true, null);
        return this;
    }

    /// <summary>Sets what a variable holds as something that is made when it is first read.</summary>
    /// <exception cref="ArgumentException">The environment has no such variable.</exception>
    public CelActivation Set(string name, Func<CelValue> make)
    {
        var index = Index(name);
        (_present[index], _makers[index]) = (true, make);
        return this;
    }

    /// <summary>Takes a variable's value away, as if it had never been set.</summary>
    public CelActivation Unset(string name)
    {
        var index = Index(name);
        (_values[index], _present[index], _makers[index]) = (default, false, null);
        return this;
    }

    /// <summary>Whether the environment has a variable.</summary>
    public bool Knows(string name) => _environment.Declarations.Variables.ContainsKey(name);

    internal bool TryGet(Variable variable, out CelValue value)
    {
        var index = variable.Index;
        if (index >= _present.Length || !_present[index])
        {
            value = default;
            return false;
        }

        if (_makers[index] is { } make)
        {
            _makers[index] = null;
            _values[index] = make();
        }

        value = _values[index];
        return true;
    }

    private int Index(string name) => _environment.Declarations.Variables.TryGetValue(name, out var variable)
        ? variable.Index
        : throw new ArgumentException($"The environment has no variable '{name}'.", nameof(name));
}

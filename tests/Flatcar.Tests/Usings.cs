global using Kola;
global using NUnit.Framework;

// Every test gets an object of its own and may run beside any other; order and capacity are kola's.
[assembly: Parallelizable(ParallelScope.All)]
[assembly: FixtureLifeCycle(LifeCycle.InstancePerTestCase)]

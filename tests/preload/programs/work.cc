// SPDX-License-Identifier: MIT
// C++ at work: containers, strings, exceptions, aligned new, threads.
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

struct alignas(64) Line {
	char bytes[64];
};

static unsigned long one(unsigned seed)
{
	std::map<std::string, std::vector<int>> tree;
	std::unordered_map<int, std::shared_ptr<std::string>> table;
	unsigned long sum = 0;

	for (int i = 0; i < 20000; i++) {
		seed = seed * 1103515245 + 12345;
		tree["key " + std::to_string(seed >> 16 & 1023)].push_back(i);
		table[i % 3000] = std::make_shared<std::string>(seed >> 16 & 63, 'x');
		try {
			if (i % 100 == 0)
				throw std::runtime_error("number " + std::to_string(i));
		} catch (const std::exception &e) {
			sum += std::string(e.what()).size();
		}
	}
	for (auto &entry : tree)
		sum += entry.first.size() * entry.second.size();
	for (auto &entry : table)
		sum += entry.second->size();
	return sum;
}

int main()
{
	std::vector<std::thread> threads;
	std::vector<unsigned long> sums(6);
	std::vector<std::unique_ptr<Line>> lines;

	for (unsigned i = 0; i < sums.size(); i++)
		threads.emplace_back([i, &sums] { sums[i] = one(i + 1); });
	for (auto &thread : threads)
		thread.join();
	for (int i = 0; i < 1000; i++)
		lines.push_back(std::make_unique<Line>());
	bool aligned = std::all_of(lines.begin(), lines.end(), [](const std::unique_ptr<Line> &line) {
		return reinterpret_cast<unsigned long>(line.get()) % 64 == 0;
	});
	bool refused = false;
	try {
		volatile unsigned long most = ~0ul / 4;
		delete[] new char[most];
	} catch (const std::bad_alloc &) {
		refused = true;
	}
	for (unsigned long sum : sums)
		std::printf("%lu ", sum);
	std::printf("%s %s\n", aligned ? "aligned" : "not aligned", refused ? "refused" : "not refused");
	return 0;
}
